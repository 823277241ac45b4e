//! Any request with any policy is refused, or gives a certificate within the policy, without a lint finding, that webpki
//! accepts. `cargo xtask lint-agreement` asks OpenSSL and pkilint about such certificates.
use std::sync::LazyLock;

use pki_core::{
    Authority, CertificateParameters, CertificateRequest, IssueError, KeyKind, KeyPair, Profile,
    Role, lint,
};
use proptest::prelude::*;
use rustls_pki_types::{CertificateDer, UnixTime};
use time::OffsetDateTime;
use time::macros::datetime;
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};
use x509_identity::{DistinguishedName, SubjectAltName};

const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn any_request_with_any_policy_is_refused_or_right(
        profile in profile(),
        key in 0..KINDS.len(),
        subject in subject(),
        sans in prop::collection::vec(san(), 1..3),
        hours in prop::option::weighted(0.2, 0_i64..24 * 900),
    ) {
        let csr = CertificateRequest::build(&KEYS[key], &subject, &sans).unwrap();
        let csr = CertificateRequest::from_der(csr.der()).unwrap();
        let mut parameters = CertificateParameters::from_csr(&csr);
        if let Some(hours) = hours {
            parameters = parameters.validity(time::Duration::hours(hours));
        }
        let explained = profile.explain(&parameters);
        prop_assert_eq!(profile.allows(&parameters), explained.is_allowed());
        match ROOT.issue(&parameters, &profile, NOW) {
            Err(IssueError::Refused(findings)) => {
                prop_assert!(!findings.is_empty());
                prop_assert!(findings.iter().all(|it| !it.sentence.is_empty()));
            }
            Err(other) => prop_assert!(matches!(other, IssueError::Encode(_)), "{other}"),
            Ok(issued) => {
                let certificate = issued.certificate();
                // What is refused here would have been refused there.
                prop_assert!(explained.is_allowed(), "{explained}");
                let kind = KeyKind::of_public_key(certificate.public_key_algorithm()).unwrap();
                prop_assert!(profile.keys.contains(&kind));
                prop_assert_eq!(certificate.spki_der(), csr.public_key_der());
                prop_assert!(certificate.sans().iter().all(|name| profile.names.allow(name)));
                let mut attributes = certificate.subject().attributes();
                prop_assert!(attributes.all(|it| profile.subject.allows(it)));
                let life = certificate.not_after() - certificate.not_before() + time::Duration::SECOND;
                prop_assert!(life >= profile.validity.min && life <= profile.validity.max);
                let findings = lint(certificate);
                prop_assert!(
                    findings.iter().all(|it| NAMED.contains(&it.rule)),
                    "{:?}", findings
                );
                prop_assert!(webpki_accepts(certificate.der(), profile.role).is_ok());
            }
        }
    }
}

/// What no reader of ours minds.
const NAMED: [&str; 3] = [
    "dns-name-underscore",
    "server-key-kind",
    "server-life-public",
];

fn webpki_accepts(leaf: &[u8], role: Role) -> Result<(), webpki::Error> {
    let root = CertificateDer::from(ROOT.certificate().der());
    let anchor = anchor_from_trusted_cert(&root)?;
    let leaf = CertificateDer::from(leaf);
    let now = std::time::Duration::from_secs(NOW.unix_timestamp().unsigned_abs());
    let usage = match role {
        Role::Server => KeyUsage::server_auth(),
        _ => KeyUsage::client_auth(),
    };
    EndEntityCert::try_from(&leaf)?
        .verify_for_usage(
            webpki::ALL_VERIFICATION_ALGS,
            &[anchor],
            &[],
            UnixTime::since_unix_epoch(now),
            usage,
            None,
            None,
        )
        .map(drop)
}

const KINDS: [KeyKind; 6] = [
    KeyKind::P256,
    KeyKind::P384,
    KeyKind::P521,
    KeyKind::Rsa2048,
    KeyKind::Ed25519,
    KeyKind::MlDsa44,
];

static KEYS: LazyLock<Vec<KeyPair>> = LazyLock::new(|| {
    let key = |kind: KeyKind| KeyPair::generate(kind).unwrap();
    KINDS.into_iter().map(key).collect()
});

static ROOT: LazyLock<Authority> = LazyLock::new(|| {
    let name = DistinguishedName::builder().common_name("root").build();
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    Authority::root(name.unwrap(), key, &Profile::root(), NOW).unwrap()
});

/// As TOML, so that what people write is what is tried.
fn profile() -> impl Strategy<Value = Profile> {
    let rule = |patterns: &'static [&'static str]| {
        prop_oneof![
            3 => Just("\"any\"".to_owned()),
            1 => Just("\"none\"".to_owned()),
            3 => prop::sample::subsequence(patterns, 0..=patterns.len())
                .prop_map(|patterns| format!("{patterns:?}")),
        ]
    };
    let names = (
        rule(&["*.example.org", "a.example.org", ".b.example"]),
        rule(&["@example.org", "a@b.example"]),
        rule(&["10.0.0.0/8", "2001:db8::/32"]),
        rule(&["spiffe://example.org/**", "https://a.example/*"]),
        prop::sample::select(&["covered", "none"][..]),
    );
    let refused = prop_oneof![
        4 => Just("\"none\"".to_owned()),
        1 => rule(&["a.example.org", ".b.example"]),
    ];
    let subject = (rule(&["a.example.org", "Alice"]), rule(&["Example", "Ops"]));
    let keys = prop::sample::subsequence(
        &["p256", "p384", "p521", "rsa2048", "ed25519", "ml-dsa-44"][..],
        3..=6,
    );
    let times = (1_u32..100, 0_u32..1000, 0_u32..20_000);
    let role = prop::sample::select(&["client", "server"][..]);
    (role, names, refused, subject, keys, times).prop_map(
        |(role, (dns, email, ip, uri, wildcards), refused, (cn, o), keys, (min, more, most))| {
            let (default, max) = (min + more, min + more + most);
            let text = format!(
                "role = \"{role}\"\n\
                 validity = {{ min = \"{min}h\", default = \"{default}h\", max = \"{max}h\" }}\n\
                 keys = {keys:?}\n\
                 [subject]\nCN = {cn}\nO = {o}\n\
                 [names]\ndns = {dns}\nemail = {email}\nip = {ip}\nuri = {uri}\n\
                 wildcards = \"{wildcards}\"\n\
                 [refused]\ndns = {refused}\n"
            );
            toml::from_str(&text).unwrap_or_else(|error| panic!("{text}\n{error}"))
        },
    )
}

fn subject() -> impl Strategy<Value = DistinguishedName> {
    let common_name = prop::option::weighted(
        0.4,
        prop_oneof![
            6 => Just("a.example.org".to_owned()),
            2 => Just("Alice".to_owned()),
            1 => "\\PC{1,70}",
        ],
    );
    let organization = prop::option::weighted(
        0.4,
        prop_oneof![
            4 => Just("Example".to_owned()),
            2 => Just("Ops".to_owned()),
            1 => "\\PC{1,70}",
        ],
    );
    (common_name, organization).prop_filter_map("no name", |(cn, o)| {
        let mut name = DistinguishedName::builder();
        if let Some(o) = o {
            name = name.organization(&o);
        }
        if let Some(cn) = cn {
            name = name.common_name(&cn);
        }
        name.build().ok()
    })
}

fn san() -> impl Strategy<Value = SubjectAltName> {
    let dns = prop::sample::select(
        &[
            "a.example.org",
            "*.example.org",
            "x.b.example",
            "*.b.example",
            "a_b.example.org",
        ][..],
    );
    let dns = prop_oneof![20 => dns.prop_map(str::to_owned), 1 => "[!-~]{1,20}"];
    let email = prop_oneof![
        4 => Just("alice@example.org".to_owned()),
        4 => Just("a@b.example".to_owned()),
        1 => "[!-~]{1,20}"
    ];
    let uri = prop_oneof![
        4 => Just("spiffe://example.org/a/b".to_owned()),
        4 => Just("https://a.example/x".to_owned()),
        1 => "[!-~]{1,20}"
    ];
    prop_oneof![
        8 => dns.prop_map(SubjectAltName::Dns),
        1 => email.prop_map(SubjectAltName::Email),
        1 => uri.prop_map(SubjectAltName::Uri),
        1 => any::<[u8; 4]>().prop_map(|it| SubjectAltName::Ip(it.into())),
        1 => any::<u8>().prop_map(|it| SubjectAltName::Ip([10, 0, 0, it].into())),
    ]
}
