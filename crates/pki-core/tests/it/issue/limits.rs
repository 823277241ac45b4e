//! What a profile and the CAs above allow: subjects, path lengths, usages and names; and signing in two steps.
use const_oid::db::rfc5912::ID_CE_NO_REV_AVAIL;
use pki_core::verify::{ChainVerifier, Purpose, TrustAnchors, unix_time};
use pki_core::{
    AllowedSubject, Authority, CaUsage, CertificateParameters, CertificateRequest, IssueError,
    KeyKind, KeyPair, Profile, certificate_pem,
};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use x509_identity::{Certificate, DistinguishedName, SubjectAltName};

const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

#[test]
fn an_applicant_chooses_no_attribute_that_the_profile_does_not_allow() {
    let root = root(&Profile::root());
    let issue = |subject: &str, profile: &Profile| {
        let key = KeyPair::generate(KeyKind::P256).unwrap();
        rules(
            &root,
            &CertificateParameters::for_key(key.public_key_der(), name(subject)),
            profile,
        )
    };
    let client = Profile::client();
    assert_eq!(issue("CN=a,serialNumber=1", &client), NOTHING);
    // A server's rule may trust the unit, so an applicant does not choose it.
    assert_eq!(issue("CN=a,OU=Ops", &client), ["subject"]);
    let text = "role = \"client\"\nvalidity = { min = \"1h\", default = \"24h\", max = \"90days\" }\n\
                keys = [\"p256\"]\n[subject]\nCN = \"any\"\nOU = [\"Clients\"]";
    let profile: Profile = toml::from_str(text).unwrap();
    assert_eq!(issue("CN=a,OU=Clients", &profile), NOTHING);
    assert_eq!(issue("CN=a,OU=Clients,OU=Ops", &profile), ["subject"]);
    assert_eq!(issue("CN=a+OU=clients", &profile), ["subject"]);
    let none: Profile = toml::from_str(&text[..text.find("[subject]").unwrap()]).unwrap();
    assert_eq!(issue("CN=a", &none), ["subject"]);
    let any = Profile::client().with_subject(AllowedSubject::any());
    assert_eq!(issue("CN=a,OU=Ops", &any), NOTHING);
}

#[test]
fn what_a_profile_refuses_it_refuses_whatever_it_allows_and_says_by_which_rule() {
    let profile: Profile = toml::from_str(
        r#"
        role = "server"
        validity = { min = "1h", default = "24h", max = "90days" }
        keys = ["p256"]
        [subject]
        CN = "any"
        OU = ["Web", "Ops"]
        [names]
        dns = [".example.org"]
        email = "any"
        wildcards = "covered"
        [refused]
        dns = ["secret.example.org"]
        email = ["root@example.org"]
        [refused.subject]
        OU = ["Ops"]
        "#,
    )
    .unwrap();
    let root = root(&Profile::root());
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    for (subject, dns, rule, decided) in [
        ("", "a.example.org", None, "names.dns = \".example.org\""),
        ("OU=Web", "a.example.org", None, "subject.OU = \"Web\""),
        ("", "*.b.example.org", None, "names.dns = \".example.org\""),
        (
            "",
            "secret.example.org",
            Some("name"),
            "refused.dns = \"secret.example.org\"",
        ),
        (
            "",
            "*.example.org",
            Some("name"),
            "refused.dns = \"secret.example.org\"",
        ),
        (
            "",
            "example.org",
            Some("name"),
            "names.dns, none of whose patterns matches",
        ),
        (
            "OU=Ops",
            "a.example.org",
            Some("subject"),
            "refused.subject.OU = \"Ops\"",
        ),
        (
            "O=Example",
            "a.example.org",
            Some("subject"),
            "subject, which has no rule for O",
        ),
        (
            "emailAddress=root@example.org",
            "a.example.org",
            Some("name"),
            "refused.email = \"root@example.org\"",
        ),
    ] {
        let parameters = CertificateParameters::for_key(key.public_key_der(), name(subject))
            .sans([SubjectAltName::Dns(dns.to_owned())]);
        let explained = profile.explain(&parameters);
        assert_eq!(explained.is_allowed(), rule.is_none(), "{subject} {dns}");
        assert_eq!(profile.allows(&parameters), rule.is_none());
        assert!(explained.to_string().contains(decided), "{explained}");
        // The address is not among the alternative names either, which no profile changes.
        let found = rules(&root, &parameters, &profile);
        let by_profile = found.into_iter().filter(|it| *it != "subject-email-alone");
        assert_eq!(Vec::from_iter(by_profile), Vec::from_iter(rule));
    }
}

#[test]
fn a_setting_of_cas_in_another_profile_is_refused_and_not_passed_over() {
    let root = root(&Profile::root());
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    let parameters = CertificateParameters::for_key(key.public_key_der(), name("CN=a"));
    let constrained = Profile {
        name_constraints: toml::from_str("[permitted]\ndns = [\"example.org\"]").unwrap(),
        ..Profile::client()
    };
    let limited = Profile {
        path_length: Some(1),
        ..Profile::client()
    };
    for profile in [constrained, limited] {
        let found = rules(&root, &parameters, &profile);
        assert!(found.contains(&"profile"), "{found:?}");
    }
}

#[test]
fn name_constraints_are_emitted_and_hold_for_everything_below() {
    let root = root(&Profile::root());
    let profile = Profile {
        name_constraints: toml::from_str(
            "permitted = { dns = [\"example.org\"], ip = [\"10.0.0.0/8\", \"fd00::/8\"] }\n\
             excluded = { dns = [\"secret.example.org\"] }",
        )
        .unwrap(),
        ..Profile::issuing_ca()
    };
    let issuing = below(&root, "CN=Issuing", &profile);
    let server = |names: &[SubjectAltName]| {
        let key = KeyPair::generate(KeyKind::P256).unwrap();
        let parameters =
            CertificateParameters::for_key(key.public_key_der(), DistinguishedName::default());
        (parameters.sans(names.iter().cloned()), Profile::server())
    };
    let dns = |name: &str| SubjectAltName::Dns(name.to_owned());
    let ip = |text: &str| SubjectAltName::Ip(text.parse().unwrap());
    for (names, expected) in [
        (
            vec![dns("example.org"), ip("10.1.2.3"), ip("fd00::1")],
            &[][..],
        ),
        (vec![dns("a.b.example.org")], &[]),
        (vec![dns("example.com")], &["name-constraints"]),
        (vec![dns("a.secret.example.org")], &["name-constraints"]),
        (vec![dns("*.example.org")], &["name-constraints"]),
        (
            vec![dns("example.org"), ip("192.0.2.1")],
            &["name-constraints"],
        ),
    ] {
        let (parameters, profile) = server(&names);
        assert_eq!(
            rules(&issuing, &parameters, &profile),
            expected,
            "{names:?}"
        );
    }
    // Verifiers that this project did not write read the same constraints.
    let (parameters, profile) = server(&[dns("a.example.org")]);
    assert!(is_accepted(
        &root,
        &issuing,
        &parameters,
        &profile,
        Purpose::TlsServer
    ));
}

#[test]
fn usages_of_cas_nest() {
    let root = root(&Profile::root());
    let for_servers = Profile {
        ca_usages: vec![CaUsage::ServerAuth],
        path_length: Some(1),
        ..Profile::issuing_ca()
    };
    let servers = below(&root, "CN=Servers", &for_servers);
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    let leaf = CertificateParameters::for_key(key.public_key_der(), DistinguishedName::default())
        .sans([SubjectAltName::Dns("a.example.org".to_owned())]);
    assert_eq!(
        rules(&servers, &leaf, &Profile::client()),
        ["extended-key-usage"]
    );
    assert!(is_accepted(
        &root,
        &servers,
        &leaf,
        &Profile::server(),
        Purpose::TlsServer
    ));
    // Nor does a CA below it win back what it gave up.
    let ca = CertificateParameters::for_key(key.public_key_der(), name("CN=Below"));
    assert_eq!(
        rules(&servers, &ca, &Profile::issuing_ca()),
        ["extended-key-usage"]
    );
    let clients = Profile {
        ca_usages: vec![CaUsage::ClientAuth],
        ..Profile::issuing_ca()
    };
    assert_eq!(rules(&servers, &ca, &clients), ["extended-key-usage"]);
    let fewer = Profile {
        path_length: None,
        ..for_servers
    };
    assert_eq!(rules(&servers, &ca, &fewer), NOTHING);
    // Its OCSP responder is not looked for on that path.
    let responder = CertificateParameters::for_key(key.public_key_der(), name("CN=ocsp"));
    assert_eq!(
        rules(&servers, &responder, &Profile::ocsp_responder()),
        NOTHING
    );
}

#[test]
fn a_path_is_no_longer_than_each_ca_above_allows() {
    let one = Profile {
        path_length: Some(1),
        ..Profile::root()
    };
    let root = root(&one);
    let two_more = Profile {
        path_length: Some(2),
        ..Profile::issuing_ca()
    };
    let first = below(&root, "CN=First", &two_more);
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    let second = CertificateParameters::for_key(key.public_key_der(), name("CN=Second"));
    // The first would allow it, the root does not.
    assert_eq!(
        rules(&first, &second, &Profile::issuing_ca()),
        ["path-length"]
    );
    let leaf = CertificateParameters::for_key(key.public_key_der(), name("CN=leaf"));
    assert!(is_accepted(
        &root,
        &first,
        &leaf,
        &Profile::client(),
        Purpose::TlsClient
    ));
}

#[test]
fn what_was_prepared_is_signed_and_nothing_else() {
    let root = root(&Profile::root());
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    let parameters = CertificateParameters::for_key(key.public_key_der(), name("CN=a"));
    let prepare = || root.prepare(&parameters, &Profile::client(), NOW).unwrap();
    let prepared = prepare();
    let (serial, tbs) = (prepared.serial().clone(), prepared.tbs_der().to_vec());
    let subject = prepared.unsigned().subject().clone();
    let issued = root.sign(prepared).unwrap();
    let certificate = issued.certificate();
    assert_eq!(
        (certificate.serial(), certificate.subject()),
        (&serial, &subject)
    );
    assert!(
        certificate
            .der()
            .windows(tbs.len())
            .any(|bytes| bytes == tbs)
    );

    // A certificate that was not signed is nothing.
    let unsigned = prepare().unsigned().clone();
    let roots = TrustAnchors::from_pem(certificate_pem(root.certificate()).as_bytes()).unwrap();
    let verifier = ChainVerifier::builder(roots, Purpose::TlsClient).build();
    assert!(
        verifier
            .verify(&unsigned.der().into(), &[], unix_time(NOW))
            .is_err()
    );

    let other = self::root(&Profile::root());
    assert!(matches!(
        other.sign(prepare()),
        Err(IssueError::KeyMismatch { .. })
    ));
}

#[test]
fn a_certificate_ends_with_its_issuer_where_that_is_asked_for() {
    let root = root(&Profile::root());
    let profile = Profile::issuing_ca().with_validity(pki_core::ValidityLimits::exactly_days(10));
    let issuing = below(&root, "CN=Issuing", &profile);
    let end = issuing.certificate().not_after();
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    let long = CertificateParameters::for_key(key.public_key_der(), name("CN=a"))
        .validity(Duration::days(30));
    let client = Profile::client();
    assert!(matches!(
        issuing.issue(&long, &client, NOW),
        Err(IssueError::OutlivesIssuer { .. })
    ));
    let capped = issuing
        .issue(&long.clone().end_with_issuer(), &client, NOW)
        .unwrap();
    assert_eq!(capped.certificate().not_after(), end);
    let short = long.validity(Duration::days(2)).end_with_issuer();
    let whole = issuing.issue(&short, &client, NOW).unwrap();
    assert!(whole.certificate().not_after() < end);
    // Shorter than the profile's shortest is no certificate.
    let late = end - Duration::minutes(30);
    assert_eq!(refusals(issuing.issue(&short, &client, late)), ["life"]);
}

#[test]
fn an_authority_is_read_from_pem() {
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    let pem = key.secret_pkcs8_pem();
    let root = Authority::root(name("CN=Root"), key, &Profile::root(), NOW).unwrap();
    let chain = certificate_pem(root.certificate());
    let read = |chain: &str| {
        let key = KeyPair::from_pem(pem.as_bytes(), None).unwrap();
        Authority::from_pem(chain.as_bytes(), key)
    };
    assert_eq!(
        read(&chain).unwrap().certificate().der(),
        root.certificate().der()
    );
    assert!(matches!(read(""), Err(IssueError::NoCertificate)));
    assert!(matches!(read(&chain[..100]), Err(IssueError::Chain(_))));
}

#[test]
fn a_request_keeps_its_bytes() {
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(vec!["a.example.org".to_owned()]).unwrap();
    let csr = params.serialize_request(&key).unwrap();
    let request = CertificateRequest::from_pem(csr.pem().unwrap().as_bytes()).unwrap();
    assert_eq!(request.der(), &csr.der()[..]);
}

const NOTHING: [&str; 0] = [];

fn rules(
    authority: &Authority,
    parameters: &CertificateParameters,
    profile: &Profile,
) -> Vec<&'static str> {
    refusals(authority.issue(parameters, profile, NOW))
}

#[test]
fn what_is_never_revoked_is_short_and_names_no_place_to_ask() {
    let root = root(&Profile::root());
    let issuing = below(&root, "CN=Issuing", &Profile::issuing_ca());
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    let parameters = CertificateParameters::for_key(key.public_key_der(), name("CN=a"));
    let text = "role = \"client\"\nno_rev_avail = true\nkeys = [\"p256\"]\nsubject = { CN = \"any\" }\n\
                validity = { min = \"1h\", default = \"24h\", max = \"7days\" }\n";
    let profile: Profile = toml::from_str(text).unwrap();
    assert_eq!(
        toml::to_string(&profile)
            .unwrap()
            .matches("no_rev_avail")
            .count(),
        1
    );
    let issued = issuing.issue(&parameters, &profile, NOW).unwrap();
    let certificate = issued.certificate();
    let extension = certificate.extension(ID_CE_NO_REV_AVAIL).unwrap();
    assert_eq!((extension.critical, extension.value), (false, &[5, 0][..]));
    let found = pki_core::lint(certificate);
    assert!(
        found.iter().all(|it| !it.rule.starts_with("no-rev")),
        "{found:?}"
    );
    assert!(is_accepted(
        &root,
        &issuing,
        &parameters,
        &profile,
        Purpose::TlsClient
    ));

    let with = |line: &str| toml::from_str::<Profile>(&text.replacen('\n', line, 1)).unwrap();
    let url = "\ncrl_distribution_points = [\"http://ca.example/a.crl\"]\n";
    assert_eq!(rules(&issuing, &parameters, &with(url))[0], "profile");
    let url = "\nocsp = [\"http://ca.example/ocsp\"]\n";
    assert_eq!(rules(&issuing, &parameters, &with(url))[0], "profile");
    let mut long = profile.clone();
    long.validity.max += std::time::Duration::from_secs(1);
    assert_eq!(rules(&issuing, &parameters, &long), ["profile"]);
    let ca = Profile {
        no_rev_avail: true,
        ..Profile::issuing_ca()
    };
    assert_eq!(rules(&root, &parameters, &ca)[0], "profile");
    // Without the setting, nothing says so.
    let issued = issuing.issue(&parameters, &Profile::client(), NOW).unwrap();
    assert!(issued.certificate().extension(ID_CE_NO_REV_AVAIL).is_none());
}

fn refusals(result: Result<pki_core::Issued, IssueError>) -> Vec<&'static str> {
    match result {
        Ok(_) => Vec::new(),
        Err(IssueError::Refused(findings)) => findings.iter().map(|finding| finding.rule).collect(),
        Err(error) => unreachable!("{error}"),
    }
}

/// Whether webpki accepts what `issuing` issues below `root`.
fn is_accepted(
    root: &Authority,
    issuing: &Authority,
    parameters: &CertificateParameters,
    profile: &Profile,
    purpose: Purpose,
) -> bool {
    let leaf = issuing.issue(parameters, profile, NOW).unwrap();
    let roots = TrustAnchors::from_pem(certificate_pem(root.certificate()).as_bytes()).unwrap();
    let der = |certificate: &Certificate| certificate.der().to_vec().into();
    let intermediates = [der(issuing.certificate())];
    let verifier = ChainVerifier::builder(roots, purpose).build();
    verifier
        .verify(&der(leaf.certificate()), &intermediates, unix_time(NOW))
        .is_ok()
}

fn root(profile: &Profile) -> Authority {
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    Authority::root(name("CN=Test Root"), key, profile, NOW).unwrap()
}

fn below(authority: &Authority, subject: &str, profile: &Profile) -> Authority {
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    let parameters = CertificateParameters::for_key(key.public_key_der(), name(subject));
    let issued = authority.issue(&parameters, profile, NOW).unwrap();
    let mut chain = vec![issued.certificate().clone()];
    chain.extend(authority.chain().iter().cloned());
    Authority::new(chain, key).unwrap()
}

fn name(subject: &str) -> DistinguishedName {
    subject.parse().unwrap()
}
