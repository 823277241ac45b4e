//! Whom a rule lets pass.

use std::error::Error;

use axum::{Router, http::StatusCode, routing::get};
use der::{Any, Decode, Encode};
use mtls_server::{MockClientCert, RequireClientCert, Rule, RuleError};
use serde_json::Value;
use test_pki::rcgen::{CertificateParams, CustomExtension, DnType, SanType};
use x509_identity::{Certificate, DistinguishedName};

use crate::support::{World, ask::ask, pki::Ca};

pub(super) fn router(rule: Rule) -> Router {
    Router::new()
        .route("/", get(async || "secret"))
        .layer(RequireClientCert::new(rule))
}

async fn allows(rule: Rule, certificate: &[u8]) -> bool {
    let mock = MockClientCert::from_der(certificate).unwrap();
    let (status, body) = ask(router(rule).layer(mock)).await;
    match status {
        StatusCode::OK => true,
        _ => {
            let problem: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(problem["type"], "client_certificate_denied");
            false
        }
    }
}

pub(super) fn full(params: &mut CertificateParams) {
    let uri = |text: &str| SanType::URI(text.try_into().unwrap());
    params
        .distinguished_name
        .push(DnType::OrganizationalUnitName, "Operators");
    params.serial_number = Some(0x8a01_u64.into());
    params.subject_alt_names = vec![
        SanType::DnsName("Build.Example.com".try_into().unwrap()),
        SanType::IpAddress([10, 1, 2, 3].into()),
        SanType::Rfc822Name("alice@Example.com".try_into().unwrap()),
        uri("spiffe://example.org/ns/prod/sa/billing"),
    ];
    params.custom_extensions = vec![policies()];
}

/// 1.2.3.4, without qualifiers.
fn policies() -> CustomExtension {
    let value = [0x30, 0x07, 0x30, 0x05, 0x06, 0x03, 0x2a, 0x03, 0x04].to_vec();
    CustomExtension::from_oid_content(&[2, 5, 29, 32], value)
}

fn hex(octets: &[u8]) -> String {
    octets
        .iter()
        .map(|octet| format!("{octet:02X}"))
        .collect::<Vec<_>>()
        .join(":")
}

#[tokio::test]
async fn each_rule_has_those_whom_it_allows_and_those_whom_it_denies() {
    let world = World::new();
    let alice = world.ca.client("alice").with(full);
    let der = alice.der();
    let certificate = Certificate::from_der(der).unwrap();
    let (fingerprint, spki) = (
        hex(certificate.fingerprint_sha256()),
        hex(certificate.spki_sha256()),
    );
    let other = "00".repeat(32);
    let dn = |name: &str| format!("dn_exact = '{name}'");
    let serial = |issuer: &str, number: &str| {
        format!("serial = {{ issuer = 'CN={issuer}', number = '{number}' }}")
    };
    let alice_ou = "dns = 'build.example.com'";
    let cases: &[(String, String)] = &[
        (
            "common_name = 'alice'".into(),
            "common_name = 'Alice'".into(),
        ),
        (
            "organizational_unit = 'Operators'".into(),
            "organizational_unit = 'Admins'".into(),
        ),
        (dn("OU=Operators,CN=alice"), dn("CN=alice,OU=Operators")),
        (dn("OU=Operators,CN=alice"), dn("CN=alice")),
        (
            "dns = 'build.example.COM'".into(),
            "dns = 'example.com'".into(),
        ),
        ("dns = '*.example.com'".into(), "dns = '*.com'".into()),
        (
            "dns = '*.example.com'".into(),
            "dns = '*.build.example.com'".into(),
        ),
        (
            "uri_glob = 'spiffe://example.org/ns/*/sa/*'".into(),
            "uri_glob = 'spiffe://example.org/*'".into(),
        ),
        (
            "spiffe = 'spiffe://example.org/**'".into(),
            "spiffe = 'spiffe://example.com/**'".into(),
        ),
        (
            "email = 'alice@example.com'".into(),
            "email = 'Alice@example.com'".into(),
        ),
        ("ip = '10.0.0.0/8'".into(), "ip = '10.1.2.4'".into()),
        ("ip = '10.1.2.3'".into(), "ip = '::/0'".into()),
        (serial("Test root", "8A:01"), serial("Test root", "8A:02")),
        (serial("Test root", "008a01"), serial("Other root", "8A:01")),
        (
            format!("fingerprint = '{fingerprint}'"),
            format!("fingerprint = '{other}'"),
        ),
        (
            format!("spki = '{spki}'"),
            format!("spki = '{fingerprint}'"),
        ),
        (
            "eku = '1.3.6.1.5.5.7.3.2'".into(),
            "eku = '1.3.6.1.5.5.7.3.1'".into(),
        ),
        (
            "policy_oid = '1.2.3.4'".into(),
            "policy_oid = '1.2.3'".into(),
        ),
        (
            format!("all = [{{ {alice_ou} }}, {{ common_name = 'alice' }}]"),
            format!("all = [{{ {alice_ou} }}, {{ common_name = 'bob' }}]"),
        ),
        (
            format!("any = [{{ {alice_ou} }}, {{ common_name = 'bob' }}]"),
            "any = [{ dns = 'x.y' }, { common_name = 'bob' }]".into(),
        ),
        (
            "not = { common_name = 'bob' }".into(),
            "not = { common_name = 'alice' }".into(),
        ),
    ];
    for (allowing, denying) in cases {
        for (text, expected) in [(allowing, true), (denying, false)] {
            let rule = Rule::from_toml(text).unwrap();
            assert_eq!(allows(rule, der).await, expected, "{text}");
        }
    }
    for expected in [true, false] {
        let rule = Rule::custom("by hand", move |_| expected);
        assert_eq!(allows(rule, der).await, expected);
    }
    let broken = Rule::custom("broken", |_| std::panic::resume_unwind(Box::new("a bug")));
    assert!(!allows(broken.clone(), der).await);
    assert!(!allows(Rule::not(broken), der).await);
    for nobody in [
        Rule::all([]),
        Rule::any([]),
        Rule::dn_exact(DistinguishedName::default()),
    ] {
        assert!(!allows(nobody, der).await);
    }
}

/// The certificate under another subject, which rcgen could not write; nobody verifies it.
fn with_subject(subject: &str) -> Vec<u8> {
    let subject: DistinguishedName = subject.parse().unwrap();
    let leaf = Ca::root("root").client("alice");
    let mut certificate = Vec::<Any>::from_der(leaf.der()).unwrap();
    let mut tbs = Vec::<Any>::from_der(&certificate[0].to_der().unwrap()).unwrap();
    tbs[5] = Any::from_der(&subject.to_der()).unwrap();
    certificate[0] = Any::from_der(&tbs.to_der().unwrap()).unwrap();
    certificate.to_der().unwrap()
}

#[tokio::test]
async fn names_that_look_alike_are_not_confused() {
    let exact = "CN=alice,OU=Admins";
    for (subject, is_exact, is_alice, is_not_alice, is_admin) in [
        ("CN=alice,OU=Admins", true, true, false, true),
        ("OU=Admins,CN=alice", false, true, false, true),
        ("CN=alice+OU=Admins", false, true, false, true),
        (r"CN=alice\,OU=Admins", false, false, true, false),
        (r"CN=alice\,OU=Admins,OU=Users", false, false, true, false),
        (r"CN=alice\+OU=Admins", false, false, true, false),
        // Two common names are neither alice's nor anybody else's.
        ("CN=alice,CN=bob,OU=Admins", false, false, false, true),
        ("CN=bob,CN=alice,OU=Admins", false, false, false, true),
        ("CN=alice+CN=bob", false, false, false, false),
        ("CN=alice,CN=alice", false, false, false, false),
        (r"CN=alice\ ,OU=Admins", false, false, true, true),
        ("CN=аlice,OU=Admins", false, false, true, true),
        ("OU=Admins", false, false, true, true),
        ("CN=alice,OU=admins", false, true, false, false),
        ("CN=alice,OU=Users,OU=Admins", false, true, false, true),
    ] {
        let der = with_subject(subject);
        let alice = || Rule::common_name("alice");
        for (rule, expected) in [
            (Rule::dn_exact(exact.parse().unwrap()), is_exact),
            (alice(), is_alice),
            (Rule::not(alice()), is_not_alice),
            (Rule::not(Rule::not(alice())), is_alice),
            (Rule::organizational_unit("Admins"), is_admin),
        ] {
            let label = format!("{subject}: {rule}");
            assert_eq!(allows(rule, &der).await, expected, "{label}");
        }
    }
}

#[tokio::test]
async fn an_odd_alternative_name_is_neither_a_match_nor_its_opposite() {
    let odd = |san: SanType| {
        World::new().ca.client("odd").with(|params| {
            params.subject_alt_names = vec![san];
        })
    };
    let uri = |text: &str| SanType::URI(text.try_into().unwrap());
    for (san, rule) in [
        (
            SanType::DnsName("*.example.com".try_into().unwrap()),
            "dns = '*.example.com'",
        ),
        (uri("https://h/a/../b"), "uri_glob = 'https://h/**'"),
        (uri("spiffe://td/a/../b"), "spiffe = 'spiffe://td/**'"),
        (uri("spiffe://td"), "spiffe = 'spiffe://td/**'"),
    ] {
        let odd = odd(san);
        let der = odd.der();
        let rule = Rule::from_toml(rule).unwrap();
        assert!(!allows(rule.clone(), der).await, "{rule}");
        assert!(!allows(Rule::not(rule.clone()), der).await, "not {rule}");
    }
}

#[tokio::test]
async fn another_spelling_of_a_name_is_the_same_name_under_a_negation_too() {
    let world = World::new();
    let uri = |text: &str| SanType::URI(text.try_into().unwrap());
    let email = |text: &str| SanType::Rfc822Name(text.try_into().unwrap());
    let ip = |text: &str| SanType::IpAddress(text.parse().unwrap());
    let glob = "uri_glob = 'https://h/admin/**'";
    // What the rule finds: that it matches, that it does not, or neither.
    for (san, rule, found) in [
        (ip("::ffff:10.1.2.3"), "ip = '10.0.0.0/8'", Some(true)),
        (ip("10.1.2.3"), "ip = '::ffff:10.0.0.0/104'", Some(true)),
        (ip("::ffff:11.1.2.3"), "ip = '10.0.0.0/8'", Some(false)),
        (uri("https://h/admin/x"), glob, Some(true)),
        (uri("HTTPS://H/admin/x"), glob, Some(true)),
        (uri("https://h:443/admin/x"), glob, Some(true)),
        (uri("https://h/%61dmin/x"), glob, Some(true)),
        (uri("https://h/user/x"), glob, Some(false)),
        (uri("https://h/user/..%2fadmin/x"), glob, None),
        (uri("https://h/admin/..%2fuser"), glob, None),
        (uri("https://h\\admin/x"), glob, None),
        (uri("https://h/admin/a\\x"), glob, None),
        (uri("https://u@h/admin/x"), glob, None),
        (uri("https://h./admin/x"), glob, None),
        (
            email("\"a\"@h.example"),
            "email = 'a@h.example'",
            Some(true),
        ),
        (email("b@h.example"), "email = 'a@h.example'", Some(false)),
        (email("\"\\a\"@h.example"), "email = 'a@h.example'", None),
    ] {
        let leaf = world.ca.client("client").with(|params| {
            params.subject_alt_names = vec![san.clone()];
        });
        let rule = Rule::from_toml(rule).unwrap();
        let label = format!("{san:?} {rule}");
        assert_eq!(
            allows(rule.clone(), leaf.der()).await,
            found == Some(true),
            "{label}"
        );
        assert_eq!(
            allows(Rule::not(rule), leaf.der()).await,
            found == Some(false),
            "not {label}"
        );
    }
}

#[test]
fn a_rule_file_that_says_too_much_or_too_little_is_refused_by_field() {
    for (text, names) in [
        ("", "none"),
        ("name = 'x'", "none"),
        ("dns = 'a.b'\nemail = 'a@b.c'", "dns and email"),
        ("dms = 'a.b'", "unknown field `dms`"),
        ("custom = 'x'", "unknown field `custom`"),
        ("any = [{ dns = 'a.b', port = 1 }]", "unknown field `port`"),
        (
            "serial = { issuer = 'CN=a', number = '1', x = 1 }",
            "unknown field `x`",
        ),
        ("serial = { issuer = 'CN=a' }", "missing field `number`"),
        ("serial = { issuer = 'CN=a', number = '0' }", "serial"),
        ("serial = { issuer = 'CN=a', number = 'xyz' }", "serial"),
        (
            "serial = { issuer = 'alice', number = '1' }",
            "serial.issuer",
        ),
        ("name = ' '\ndns = 'a.b'", "name"),
        ("dns = 1", "dns"),
        ("dns = '*'", "dns"),
        ("dns = 'a.*.b'", "dns"),
        ("dns = 'a..b'", "dns"),
        ("dns = 'a.b.'", "dns"),
        ("dns = '.a.b'", "dns"),
        ("email = '@a.b'", "email"),
        ("uri_glob = 'https://u@h/*'", "uri_glob"),
        ("dn_exact = ''", "dn_exact"),
        ("dn_exact = 'alice'", "dn_exact"),
        ("common_name = ''", "common_name"),
        ("organizational_unit = ''", "organizational_unit"),
        ("email = 'example.com'", "email"),
        ("ip = '10.0.0.1/8'", "ip"),
        ("ip = '10.0.0'", "ip"),
        ("uri_glob = '**'", "uri_glob"),
        ("spiffe = 'spiffe://*/x'", "spiffe"),
        ("spiffe = 'spiffe://td'", "spiffe"),
        ("fingerprint = '00'", "fingerprint"),
        ("spki = 'zz'", "spki"),
        ("eku = 'clientAuth'", "eku"),
        ("policy_oid = '1'", "policy_oid"),
        ("all = []", "all"),
        ("any = []", "any"),
        ("not = 'x'", "not"),
        ("dns = ", "dns"),
    ] {
        let error = Rule::from_toml(text).unwrap_err();
        assert!(matches!(error, RuleError::File(_)));
        let cause = error.source().unwrap().to_string();
        assert!(cause.contains(names), "{text}: {cause}");
    }
}

/// A subjectAltName with an empty name of the kind with this tag, beside others.
fn with_empty_name(tag: u8) -> impl Fn(&mut CertificateParams) {
    move |params| {
        let value = [0x30, 0x05, tag, 0x00, 0x82, 0x01, b'a'].to_vec();
        let extension = CustomExtension::from_oid_content(&[2, 5, 29, 17], value);
        params.custom_extensions = vec![extension];
    }
}

#[tokio::test]
async fn a_name_that_cannot_be_read_denies_those_rules_that_ask_for_its_kind() {
    let world = World::new();
    let (email, dns, uri) = (0x81, 0x82, 0x86);
    for (kind, asked) in [
        (email, "email = 'a@example.com'"),
        (dns, "dns = 'example.com'"),
        (uri, "uri_glob = 'https://example.com/*'"),
        (uri, "spiffe = 'spiffe://example.com/**'"),
    ] {
        for tag in [email, dns, uri] {
            let alice = world.ca.client("alice").with(with_empty_name(tag));
            let der = alice.der();
            let not = Rule::not(Rule::from_toml(asked).unwrap());
            assert_eq!(allows(not, der).await, tag != kind, "not {asked}, {tag:#x}");
            // Nobody asks for it here.
            assert!(allows(Rule::common_name("alice"), der).await);
        }
    }
}
