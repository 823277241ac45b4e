//! Issuing: what a profile allows is issued, what it does not is refused, and nothing else passes.
use pki_core::{
    AllowedNames, AllowedSubject, Authority, CertificateParameters, CertificateRequest, IssueError,
    Issued, KeyKind, KeyPair, NameRule, Profile, Severity, ValidityLimits, lint,
};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use x509_identity::{Certificate, DistinguishedName, KeyUsageBit, SubjectAltName};

const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

#[test]
fn every_role_is_issued_without_a_lint_finding() {
    for kind in [KeyKind::P256, KeyKind::P384, KeyKind::Rsa2048] {
        let root = root();
        let key = KeyPair::generate(kind).unwrap();
        let server = CertificateParameters::for_key(key.public_key_der(), named("api.example.org"))
            .sans([dns("api.example.org")]);
        let client = CertificateParameters::for_key(key.public_key_der(), named("client1"))
            .sans([dns("client1.example.org")]);
        let responder = CertificateParameters::for_key(key.public_key_der(), named("ocsp"));
        for (request, profile) in [
            (server, server_profile()),
            (client, client_profile()),
            (responder, Profile::ocsp_responder()),
        ] {
            let issued = root.issue(&request, &profile, NOW).unwrap();
            assert_eq!(
                lint(issued.certificate()),
                [],
                "{kind:?} {:?}",
                profile.role
            );
            let encipherment = issued
                .certificate()
                .key_usage()
                .unwrap()
                .contains(KeyUsageBit::KeyEncipherment);
            assert_eq!(
                encipherment,
                kind.is_rsa() && profile.role == pki_core::Role::Server
            );
        }
    }
    assert_eq!(lint(root().certificate()), []);
}

#[test]
fn a_date_from_2050_on_is_a_generalized_time() {
    let profile = Profile::root().with_validity(ValidityLimits::exactly_days(30 * 365));
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    let root = Authority::root(named("Test Root"), key, &profile, NOW).unwrap();
    assert!(root.certificate().not_after().year() >= 2050);
    assert_eq!(lint(root.certificate()), []);
    // 20561116..Z, where a UTCTime would have 561116..Z.
    let generalized: &[u8] = b"\x18\x0f2056";
    assert!(
        root.certificate()
            .der()
            .windows(generalized.len())
            .any(|window| window == generalized)
    );
}

#[test]
fn an_issuing_ca_signs_leaves_and_no_ca() {
    let root = root();
    let issuing = issuing_ca(&root);
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    let leaf = issuing
        .issue(&client_request(&key), &client_profile(), NOW)
        .unwrap();
    assert_eq!(leaf.presented().count(), 2);
    assert_eq!(leaf.chain_pem().matches("BEGIN CERTIFICATE").count(), 2);

    let sub = CertificateParameters::for_key(key.public_key_der(), named("CA 3"));
    assert_eq!(
        refusals(issuing.issue(
            &sub,
            &Profile::issuing_ca().with_validity(ValidityLimits::days(1, 10, 20)),
            NOW
        )),
        ["path-length"]
    );
}

#[test]
fn a_leaf_does_not_outlive_its_issuer() {
    let root = Authority::root(
        named("root"),
        KeyPair::generate(KeyKind::P256).unwrap(),
        &Profile::root().with_validity(ValidityLimits::exactly_days(30)),
        NOW,
    )
    .unwrap();
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    let issue = |period| {
        root.issue(
            &client_request(&key).validity(period),
            &client_profile(),
            NOW,
        )
    };
    assert!(issue(Duration::days(30)).is_ok());
    assert!(matches!(
        issue(Duration::days(30) + Duration::minutes(2)),
        Err(IssueError::OutlivesIssuer { .. })
    ));
}

#[test]
fn a_validity_period_is_within_the_profile_and_ends_on_the_second() {
    let root = root();
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    let issue = |period| {
        root.issue(
            &client_request(&key).validity(period),
            &client_profile(),
            NOW,
        )
    };
    let issued = issue(Duration::days(1)).unwrap();
    assert_eq!(
        issued.certificate().not_before(),
        NOW - Duration::seconds(60)
    );
    assert_eq!(
        issued.certificate().not_after(),
        NOW - Duration::seconds(61) + Duration::days(1)
    );
    for (period, ok) in [
        (Duration::hours(1), true),
        (Duration::hours(1) - Duration::SECOND, false),
        (Duration::days(90), true),
        (Duration::days(90) + Duration::SECOND, false),
    ] {
        assert_eq!(issue(period).is_ok(), ok, "{period}");
    }
}

#[test]
fn names_are_those_that_the_profile_allows() {
    let root = root();
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    let names = AllowedNames {
        dns: NameRule::Only(vec!["*.example.org".parse().unwrap()]),
        ..AllowedNames::none()
    };
    let profile = Profile {
        names,
        ..server_profile()
    };
    let issue = |name: SubjectAltName| {
        let request = CertificateParameters::for_key(
            key.public_key_der(),
            DistinguishedName::builder().build().unwrap(),
        );
        root.issue(&request.sans([name]), &profile, NOW)
    };
    assert!(issue(dns("api.example.org")).is_ok());
    assert_eq!(refusals(issue(dns("api.example.com"))), ["name"]);
    assert_eq!(
        refusals(issue(SubjectAltName::Ip([127, 0, 0, 1].into()))),
        ["name"]
    );
    assert!(
        refusals(issue(SubjectAltName::Uri("https://api.example.org".into()))).contains(&"name")
    );
}

#[test]
fn a_server_is_named_by_its_alternative_names() {
    let root = root();
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    let issue = |cn: &str, sans: &[&str]| {
        let request = CertificateParameters::for_key(key.public_key_der(), named(cn))
            .sans(sans.iter().map(|name| dns(name)));
        root.issue(&request, &server_profile(), NOW)
    };
    assert!(issue("api.example.org", &["api.example.org"]).is_ok());
    assert_eq!(
        refusals(issue("api.example.org", &["other.example.org"])),
        ["common-name"]
    );
    assert_eq!(
        refusals(issue("api.example.org", &[])),
        ["common-name", "server-name"]
    );
    assert!(issue("my_service", &["my_service"]).is_ok());
    assert_eq!(refusals(issue("a..b", &["a..b"])), ["dns-name"]);
}

#[test]
fn a_key_is_of_a_kind_that_the_profile_allows() {
    let root = root();
    for (kind, ok) in [(KeyKind::P256, true), (KeyKind::Ed25519, false)] {
        let key = KeyPair::generate(kind).unwrap();
        let request = CertificateParameters::for_key(key.public_key_der(), named("localhost"))
            .sans([dns("localhost")]);
        assert_eq!(
            root.issue(&request, &server_profile(), NOW).is_ok(),
            ok,
            "{kind:?}"
        );
    }
}

#[test]
fn an_empty_subject_makes_the_names_critical_and_no_name_at_all_is_refused() {
    let root = root();
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    let nobody = || {
        CertificateParameters::for_key(
            key.public_key_der(),
            DistinguishedName::builder().build().unwrap(),
        )
    };
    let issued = root
        .issue(
            &nobody().sans([dns("device.example.org")]),
            &client_profile(),
            NOW,
        )
        .unwrap();
    let san = const_oid::db::rfc5280::ID_CE_SUBJECT_ALT_NAME;
    assert!(
        issued
            .certificate()
            .critical_extensions()
            .any(|oid| oid == san)
    );
    assert_eq!(
        refusals(root.issue(&nobody(), &client_profile(), NOW)),
        ["subject"]
    );
}

#[test]
fn a_csr_gives_its_key_and_names_and_nothing_else() {
    let mut params = rcgen::CertificateParams::new(vec!["client1.example.org".to_owned()]).unwrap();
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, "client1");
    params.is_ca = rcgen::IsCa::ExplicitNoCa;
    params.key_usages = vec![rcgen::KeyUsagePurpose::CrlSign];
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    let key = rcgen::KeyPair::generate().unwrap();
    let pem = params.serialize_request(&key).unwrap().pem().unwrap();

    let csr = CertificateRequest::from_pem(pem.as_bytes()).unwrap();
    assert_eq!(
        csr.requested_names().subject().common_name(),
        Some("client1")
    );
    assert_eq!(csr.requested_names().sans(), [dns("client1.example.org")]);
    let issued = root()
        .issue(
            &CertificateParameters::from_csr(&csr),
            &client_profile(),
            NOW,
        )
        .unwrap();
    assert!(!issued.certificate().is_ca());
    assert_eq!(issued.certificate().spki_der(), csr.public_key_der());
    assert_eq!(lint(issued.certificate()), []);
}

/// SubjectPublicKeyInfo of an RSA key of 1024 bits.
fn short_rsa_key() -> Vec<u8> {
    let start = [
        0x30, 0x81, 0x9f, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5,
        0, 0x03, 0x81, 0x8d, 0, 0x30, 0x81, 0x89, 0x02, 0x81, 0x81, 0,
    ];
    [&start[..], &[0xff; 128], &[0x02, 3, 1, 0, 1]].concat()
}

#[test]
fn a_key_that_is_not_certified_is_named_as_people_name_it() {
    let name = DistinguishedName::builder().common_name("client1");
    let parameters = CertificateParameters::for_key(&short_rsa_key(), name.build().unwrap());
    let error = root().issue(&parameters, &Profile::client(), NOW);
    let sentence = error.unwrap_err().to_string();
    assert!(sentence.starts_with("RSA 1024 keys are"), "{sentence}");
}

#[test]
fn a_country_is_a_printable_string_however_it_was_asked_for() {
    let issue = |country: &str| {
        let mut params = rcgen::CertificateParams::default();
        params.distinguished_name.push(
            rcgen::DnType::CountryName,
            rcgen::DnValue::Utf8String(country.to_owned()),
        );
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, "client1");
        let key = rcgen::KeyPair::generate().unwrap();
        let request = params.serialize_request(&key).unwrap();
        let csr = CertificateRequest::from_der(request.der()).unwrap();
        root().issue(
            &CertificateParameters::from_csr(&csr),
            &client_profile(),
            NOW,
        )
    };
    assert!(issue("US").is_ok());
    for country in ["USA", "\u{c5}\u{c4}"] {
        assert_eq!(refusals(issue(country)), ["country"]);
    }
}

#[test]
fn an_authority_is_a_ca_certificate_and_its_own_key() {
    let root = root();
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    let leaf = root
        .issue(&client_request(&key), &client_profile(), NOW)
        .unwrap();
    let no_ca = Authority::new(vec![leaf.certificate().clone()], key);
    assert!(matches!(no_ca, Err(IssueError::NotACa { .. })));
    let other = Authority::new(
        root.chain().to_vec(),
        KeyPair::generate(KeyKind::P256).unwrap(),
    );
    assert!(matches!(other, Err(IssueError::KeyMismatch { .. })));
    assert!(matches!(
        Authority::new(vec![], KeyPair::generate(KeyKind::P256).unwrap()),
        Err(IssueError::NoCertificate)
    ));
}

#[test]
fn lint_names_what_other_tools_get_wrong() {
    let mut params = rcgen::CertificateParams::new(vec!["a..example".to_owned()]).unwrap();
    params.key_usages = vec![rcgen::KeyUsagePurpose::KeyEncipherment];
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::Any];
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = Certificate::from_der(params.self_signed(&key).unwrap().der()).unwrap();
    let rules: Vec<_> = lint(&certificate)
        .iter()
        .filter(|f| f.severity == Severity::Error)
        .map(|f| f.rule)
        .collect();
    for rule in [
        "key-usage-encipherment",
        "any-extended-key-usage",
        "basic-constraints",
        "dns-name",
    ] {
        assert!(rules.contains(&rule), "{rule} is missing in {rules:?}");
    }
}

#[test]
fn no_validity_period_and_no_clock_makes_issuing_panic() {
    let root = root();
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    let last = datetime!(9999-12-31 23:59:59 UTC);
    let endless = Profile {
        backdate: std::time::Duration::MAX,
        ..client_profile().with_validity(ValidityLimits {
            min: std::time::Duration::ZERO,
            default: std::time::Duration::MAX,
            max: std::time::Duration::MAX,
        })
    };
    for period in [
        Duration::MIN,
        -Duration::DAY,
        Duration::ZERO,
        Duration::NANOSECOND,
        Duration::SECOND,
        Duration::days(3_000_000),
        Duration::MAX,
    ] {
        let request = client_request(&key).validity(period);
        for now in [NOW, last, datetime!(0000-01-01 00:00 UTC)] {
            assert!(root.issue(&request, &client_profile(), now).is_err());
            assert!(root.issue(&request, &endless, now).is_err(), "{period}");
        }
    }
    assert!(root.issue(&client_request(&key), &endless, NOW).is_err());
}

#[test]
fn a_subject_holds_plain_text_that_the_profile_allows() {
    let root = root();
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    let issue = |subject: &str, profile: &Profile| {
        let request =
            CertificateParameters::for_key(key.public_key_der(), subject.parse().unwrap())
                .sans([dns("api.example.org")]);
        refusals(root.issue(&request, profile, NOW))
    };
    let no_email = Profile {
        names: AllowedNames {
            email: NameRule::None,
            ..AllowedNames::any()
        },
        ..client_profile()
    };
    let long = |chars| format!("CN={}", "x".repeat(chars));
    for (subject, expected) in [
        ("CN=Ådne \\\"X\\\"\\, O\\=Evil,O=Acme", &["issued"][..]),
        (&long(64), &["issued"]),
        (&long(65), &["subject-length"]),
        ("CN=a\\0Ab", &["subject-text"]),
        ("CN=", &["subject-text"]),
        ("2.5.4.45=#03020001", &["subject-attribute"]),
        ("1.2.3.4=#0c0161", &["subject-attribute"]),
        (
            "CN=a,emailAddress=a@example.org",
            &["name", "subject-email-alone"],
        ),
    ] {
        assert_eq!(issue(subject, &no_email), expected, "{subject}");
    }
    // Allowed by the profile, but not alone: see `names`.
    assert_eq!(
        issue("CN=a,emailAddress=a@example.org", &client_profile()),
        ["subject-email-alone"]
    );
    for (subject, expected) in [
        ("CN=api.example.org", &["issued"][..]),
        ("CN=api.example.org,CN=evil.example", &["common-name"]),
        ("CN=evil.example,CN=api.example.org", &["common-name"]),
    ] {
        assert_eq!(issue(subject, &server_profile()), expected, "{subject}");
    }
}

/// Tests of other rules name an organization.
fn client_profile() -> Profile {
    Profile::client().with_subject(AllowedSubject::any())
}

fn server_profile() -> Profile {
    Profile::server().with_subject(AllowedSubject::any())
}

fn root() -> Authority {
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    Authority::root(named("Test Root"), key, &Profile::root(), NOW).unwrap()
}

fn issuing_ca(root: &Authority) -> Authority {
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    let request = CertificateParameters::for_key(key.public_key_der(), named("Test Issuing CA"));
    let issued = root.issue(&request, &Profile::issuing_ca(), NOW).unwrap();
    let mut chain = vec![issued.certificate().clone()];
    chain.extend(root.chain().iter().cloned());
    Authority::new(chain, key).unwrap()
}

fn client_request(key: &KeyPair) -> CertificateParameters {
    CertificateParameters::for_key(key.public_key_der(), named("client1"))
}

fn named(common_name: &str) -> DistinguishedName {
    DistinguishedName::builder()
        .organization("Test")
        .common_name(common_name)
        .build()
        .unwrap()
}

fn dns(name: &str) -> SubjectAltName {
    SubjectAltName::Dns(name.to_owned())
}

fn refusals(result: Result<Issued, IssueError>) -> Vec<&'static str> {
    match result {
        Err(IssueError::Refused(findings)) => findings.iter().map(|finding| finding.rule).collect(),
        other => vec![if other.is_ok() {
            "issued"
        } else {
            "another error"
        }],
    }
}
