//! What is refused, with which alert and audit event, in both TLS versions; and the accepted twin.

use mtls_server::{
    MtlsConfigBuilder,
    verify::{CrlSet, ExpiredCrl, Revocation, Scope, Strictness, TrustAnchors, UnknownStatus},
};
use rustls::AlertDescription as Alert;
use test_pki::{
    KeyKind,
    rcgen::{CustomExtension, ExtendedKeyUsagePurpose as Eku, KeyUsagePurpose},
};
use x509_identity::Certificate;

use crate::support::{
    World,
    audit::Audit,
    client::{self, VERSIONS},
    pki::{Ca, Leaf, crl_set, days_from_now},
    start,
};

/// What it is, what is shown, and the alert and audit code that answer; `None` is accepted.
type Case = (&'static str, Option<Leaf>, Option<(Alert, &'static str)>);

/// Whose subject no audit event has.
const NAMELESS: &str = "a name with NUL in it";

/// Each case against one server setting, in both TLS versions.
async fn check(world: &World, config: impl Fn() -> MtlsConfigBuilder, cases: &[Case]) {
    let audit = Audit::capture();
    let server = start(config()).await;
    for version in VERSIONS {
        for (case, leaf, expected) in cases {
            let client = client::config(world, leaf.as_ref(), version);
            let got = client::get(server.local_addr(), client, "/").await;
            let case = format!("{case} by {version:?}");
            let event = audit.only();
            match expected {
                None => {
                    let served = got
                        .as_ref()
                        .is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"));
                    assert!(served, "{case}: {got:?} {event:?}");
                    assert_eq!(event["outcome"], "accepted", "{case}");
                    assert_eq!(event["reason"], "verified", "{case}");
                }
                Some((alert, code)) => {
                    let failure = got.expect_err(&case);
                    assert_eq!(event["reason"], *code, "{case}: {event:?}");
                    assert_eq!(failure.alert(), Some(*alert), "{case}: {failure:?}");
                    assert_eq!(event["outcome"], "refused", "{case}");
                    let named = leaf.is_some() && !case.starts_with(NAMELESS);
                    assert_eq!(event.contains_key("subject"), named, "{case}");
                    let claimed = leaf.as_ref().map(|leaf| Certificate::from_der(leaf.der()));
                    let serial = claimed
                        .and_then(Result::ok)
                        .map(|it| it.serial().to_string());
                    assert_eq!(event.get("serial"), serial.as_ref(), "{case}");
                }
            }
        }
    }
}

fn refused(alert: Alert, code: &'static str) -> Option<(Alert, &'static str)> {
    Some((alert, code))
}

#[tokio::test]
async fn a_certificate_must_be_presented_trusted_valid_and_for_clients() {
    let world = World::new();
    let other = Ca::root("Another root");
    let namesake = Ca::root("Test root");
    let issuing = world.ca.issuing("Issuing CA");
    let eku = |usages: &[Eku]| {
        let usages = usages.to_vec();
        world
            .ca
            .client("eku")
            .with(|params| params.extended_key_usages = usages)
    };
    let key_usage = |usages: &[KeyUsagePurpose]| {
        let usages = usages.to_vec();
        world
            .ca
            .client("key usage")
            .with(|params| params.key_usages = usages)
    };
    let valid = |from: i64, to: i64| {
        world.ca.client("validity").with(|params| {
            params.not_before = days_from_now(from);
            params.not_after = days_from_now(to);
        })
    };
    let cases = [
        ("client", Some(world.ca.client("alice")), None),
        (
            "client of an intermediate",
            Some(issuing.client("bob")),
            None,
        ),
        (
            "both usages",
            Some(eku(&[Eku::ServerAuth, Eku::ClientAuth])),
            None,
        ),
        (
            "digitalSignature",
            Some(key_usage(&[KeyUsagePurpose::DigitalSignature])),
            None,
        ),
        (
            "none",
            None,
            refused(Alert::CertificateRequired, "no-certificate"),
        ),
        (
            "self-signed",
            Some(other.client("mallory").self_signed()),
            refused(Alert::UnknownCA, "self-signed"),
        ),
        (
            "another CA",
            Some(other.client("alice")),
            refused(Alert::UnknownCA, "unknown-issuer"),
        ),
        (
            "a CA of the same name",
            Some(namesake.client("alice")),
            refused(Alert::UnknownCA, "unknown-issuer"),
        ),
        (
            "intermediate not sent",
            Some(issuing.client("bob").without_intermediates()),
            refused(Alert::UnknownCA, "unknown-issuer"),
        ),
        (
            "expired",
            Some(valid(-9, -1)),
            refused(Alert::CertificateExpired, "expired"),
        ),
        (
            "not yet valid",
            Some(valid(1, 9)),
            refused(Alert::CertificateExpired, "not-yet-valid"),
        ),
        (
            "serverAuth only",
            Some(eku(&[Eku::ServerAuth])),
            refused(Alert::UnsupportedCertificate, "wrong-extended-key-usage"),
        ),
        (
            "no EKU",
            Some(eku(&[])),
            refused(Alert::UnsupportedCertificate, "no-extended-key-usage"),
        ),
        (
            "keyEncipherment only",
            Some(key_usage(&[KeyUsagePurpose::KeyEncipherment])),
            refused(Alert::UnsupportedCertificate, "key-usage"),
        ),
        (
            "the root itself",
            Some(world.ca.as_leaf()),
            refused(Alert::UnsupportedCertificate, "ca-as-leaf"),
        ),
        (
            "an intermediate itself",
            Some(issuing.as_leaf()),
            refused(Alert::UnsupportedCertificate, "ca-as-leaf"),
        ),
        (
            NAMELESS,
            Some(world.ca.client("admin\0.evil")),
            refused(Alert::BadCertificate, "malformed"),
        ),
        (
            "an extension that is not what it says",
            Some(world.ca.client("mallory").with(|params| {
                let constraints = CustomExtension::from_oid_content(&[2, 5, 29, 19], vec![0x04]);
                params.custom_extensions.push(constraints);
            })),
            refused(Alert::BadCertificate, "malformed"),
        ),
        (
            "eleven certificates",
            Some(world.ca.client("alice").presenting([world.ca.der(); 10])),
            refused(Alert::BadCertificate, "chain-too-large"),
        ),
        (
            "ten certificates",
            Some(world.ca.client("alice").presenting([world.ca.der(); 9])),
            None,
        ),
        (
            "a certificate without its key",
            Some(world.ca.client("alice").with_wrong_key()),
            refused(Alert::DecryptError, "possession-not-proven"),
        ),
    ];
    check(&world, || world.config(), &cases).await;
}

#[tokio::test]
async fn a_crl_must_cover_the_certificate_be_current_and_not_list_it() {
    let world = World::new();
    let issuing = world.ca.issuing("Issuing CA");
    let numbered = |ca: &Ca, serial: u64| ca.client("numbered").serial(serial);
    let by_root = Some(numbered(&world.ca, 7));
    let by_issuing = Some(numbered(&issuing, 7));
    let revoked = refused(Alert::CertificateRevoked, "revoked");

    let lists = || {
        [
            world.ca.crl().revoke(8_u64).pem(),
            issuing.crl().revoke(7_u64).pem(),
        ]
    };
    let both = || Revocation::new(CrlSet::from_pem_or_der(lists()).unwrap());
    let cases = [
        ("not listed", by_root.clone(), None),
        ("listed", Some(numbered(&world.ca, 8)), revoked),
        ("listed by the intermediate", by_issuing.clone(), revoked),
        (
            "number of another issuer's list",
            Some(numbered(&issuing, 8)),
            None,
        ),
    ];
    check(&world, || world.config().revocation(both()), &cases).await;

    let unknown = refused(Alert::UnknownCA, "revocation-unknown");
    let root_only = || Revocation::new(crl_set(&world.ca.crl().revoke(8_u64)));
    check(
        &world,
        || world.config().revocation(root_only()),
        &[
            ("covered", by_root.clone(), None),
            ("not covered", by_issuing.clone(), unknown),
        ],
    )
    .await;
    check(
        &world,
        || {
            world
                .config()
                .revocation(root_only().unknown(UnknownStatus::Allow))
        },
        &[("not covered, allowed", by_issuing.clone(), None)],
    )
    .await;

    let stale = || Revocation::new(crl_set(&world.ca.crl().revoke(8_u64).expired()));
    check(
        &world,
        || world.config().revocation(stale()),
        &[(
            "stale list",
            by_root.clone(),
            refused(Alert::UnknownCA, "crl-expired"),
        )],
    )
    .await;
    check(
        &world,
        || {
            world
                .config()
                .revocation(stale().expired(ExpiredCrl::Allow))
        },
        &[
            ("stale list, allowed", by_root, None),
            ("listed in it", Some(numbered(&world.ca, 8)), revoked),
        ],
    )
    .await;

    let leaf_only =
        || Revocation::new(crl_set(&issuing.crl().revoke(9_u64))).scope(Scope::LeafOnly);
    check(
        &world,
        || world.config().revocation(leaf_only()),
        &[
            ("leaf only", by_issuing, None),
            ("leaf only, listed", Some(numbered(&issuing, 9)), revoked),
        ],
    )
    .await;
}

#[tokio::test]
async fn an_expired_root_vouches_for_nobody() {
    let world = World::new();
    let old = Ca::root("Old root").expired();
    let anchors = || TrustAnchors::from_certs([old.der(), world.ca.der()]).unwrap();
    let cases = [
        (
            "root expired",
            Some(old.client("alice")),
            refused(Alert::UnknownCA, "anchor-expired"),
        ),
        ("root valid", Some(world.ca.client("alice")), None),
    ];
    check(&world, || world.config_trusting(anchors()), &cases).await;
}

#[tokio::test]
async fn a_chain_is_as_deep_as_allowed_and_no_deeper() {
    let world = World::new();
    let upper = world.ca.issuing("Upper");
    let lower = upper.issuing("Lower");
    let cases = [
        ("one intermediate", Some(upper.client("alice")), None),
        (
            "two intermediates",
            Some(lower.client("alice")),
            refused(Alert::UnknownCA, "too-deep"),
        ),
    ];
    check(&world, || world.config().max_depth(1), &cases).await;
}

#[tokio::test]
async fn an_audit_event_names_the_client_as_rfc_4514_does() {
    let world = World::new();
    let audit = Audit::capture();
    let server = start(world.config()).await;
    let leaf = world
        .ca
        .client("Ådne \"X\", O=Évil\\, Ltd+#=;")
        .serial(0xBEEF_u64);
    let config = client::config(&world, Some(&leaf), VERSIONS[1]);
    client::get(server.local_addr(), config, "/").await.unwrap();
    let event = audit.only();
    assert_eq!(event["subject"], r#"CN=Ådne \"X\"\, O=Évil\\\, Ltd\+#=\;"#);
    assert_eq!(event["issuer"], "CN=Test root");
    assert_eq!(event["serial"], "BEEF");
    assert_eq!(event["sni"], "localhost");
    assert_eq!(event["version"], "TLSv1.3");
    assert_eq!(event["spki"].len(), 64);
    assert!(event["peer"].starts_with("127.0.0.1:"));
}

#[tokio::test]
async fn only_a_lenient_server_takes_a_certificate_that_does_not_say_what_it_is_for() {
    let world = World::new();
    let silent = Some(
        world
            .ca
            .client("silent")
            .with(|params| params.extended_key_usages.clear()),
    );
    let refusal = refused(Alert::UnsupportedCertificate, "no-extended-key-usage");
    for (strictness, expected) in [(Strictness::Strict, refusal), (Strictness::WebPki, None)] {
        let cases = [("no EKU", silent.clone(), expected)];
        check(&world, || world.config().strictness(strictness), &cases).await;
    }
}

#[tokio::test]
async fn a_key_that_needs_tls_1_3_is_named_to_whoever_offers_less() {
    let mut world = World::new();
    world.server = world
        .ca
        .server("localhost")
        .with_key(KeyKind::MlDsa65.generate());
    let audit = Audit::capture();
    let server = start(world.config()).await;
    let alice = world.ca.client("alice");
    for version in VERSIONS {
        let config = client::config(&world, Some(&alice), version);
        let got = client::get(server.local_addr(), config, "/").await;
        let event = audit.only();
        if *version == rustls::version::TLS13 {
            assert!(got.is_ok(), "{got:?}");
            assert_eq!(event["outcome"], "accepted");
            continue;
        }
        assert_eq!(got.unwrap_err().alert(), Some(Alert::HandshakeFailure));
        assert_eq!(event["reason"], "incompatible");
        assert_eq!(
            event["message"],
            "connection refused: \"the server's key (ML-DSA-65) needs TLS 1.3, and the client offers \
             TLS 1.2 alone\""
        );
    }
}
