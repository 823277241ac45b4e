//! Names that no reader would take, or that readers take for different ones, are refused by every profile.
use pki_core::{
    AllowedNames, AllowedSubject, Authority, CertificateParameters, CertificateRequest, IssueError,
    KeyKind, KeyPair, Profile, lint,
};
use time::OffsetDateTime;
use time::macros::datetime;
use x509_identity::SubjectAltName;

const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

#[test]
fn a_name_that_a_csr_repeats_is_in_the_certificate_once() {
    let names = |names: &[&str]| {
        let kind = |name: &&str| match name.contains('@') {
            true => SubjectAltName::Email((*name).to_owned()),
            false => SubjectAltName::Dns((*name).to_owned()),
        };
        names.iter().map(kind).collect::<Vec<_>>()
    };
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    let issue = |asked: &[&str], profile: &Profile| {
        let subject = "CN=a".parse().unwrap();
        let csr = CertificateRequest::build(&key, &subject, &names(asked)).unwrap();
        let again = CertificateRequest::from_der(csr.der()).unwrap();
        // What was asked for is kept as it is.
        assert_eq!(again.requested_names().sans(), names(asked));
        ROOT.issue(&CertificateParameters::from_csr(&again), profile, NOW)
    };
    let mut profile = Profile::client().with_subject(AllowedSubject::any());
    profile.names = AllowedNames::any();
    for (asked, certified) in [
        (
            &["a.example", "b.example", "a.example"][..],
            &["a.example", "b.example"][..],
        ),
        // A host name is the same in any case, and a mailbox is not.
        (&["A.example", "a.example"], &["A.example"]),
        (
            &["a@b.example", "A@b.example", "a@b.example"],
            &["a@b.example", "A@b.example"],
        ),
    ] {
        let issued = issue(asked, &profile).unwrap();
        assert_eq!(issued.certificate().sans(), names(certified), "{asked:?}");
    }
    profile.names = AllowedNames::none();
    let refused = issue(&["a.example", "a.example"], &profile);
    assert!(matches!(refused, Err(IssueError::Refused(findings)) if findings.len() == 1));
}

#[test]
fn an_alternative_name_is_one_that_everybody_reads_alike() {
    let rules = |name| refusals("CN=a", vec![name]);
    for (name, rule) in [
        ("a.example.org", None),
        ("*.example.org", None),
        ("xn--bcher-kva.example", None),
        ("1.a", None),
        ("*", Some("dns-name")),
        ("a.example.", Some("dns-name")),
        ("a b.example", Some("dns-name")),
        ("f*.example.org", Some("dns-name")),
        ("10.0.0.1", Some("dns-name-number")),
        ("10.0.0.300", Some("dns-name-number")),
        ("a.0x7f", Some("dns-name-number")),
        ("*.1", Some("dns-name-number")),
    ] {
        assert_eq!(
            rules(SubjectAltName::Dns(name.into())),
            as_list(rule),
            "{name}"
        );
    }
    for (name, rule) in [
        ("alice@example.org", None),
        ("\"a b\"@example.org", None),
        ("a b@example.org", Some("email")),
        ("a@b@example.org", Some("email")),
        ("A <a@example.org>", Some("email")),
        ("a@10.0.0.1", Some("email")),
        ("alice", Some("email")),
    ] {
        assert_eq!(
            rules(SubjectAltName::Email(name.into())),
            as_list(rule),
            "{name}"
        );
    }
    for (name, rule) in [
        ("https://example.org/a?b=c#d", None),
        ("https://[2001:db8::1]:8443/", None),
        ("urn:uuid:6a1c1f0e-54b5-4f2c-9c1c-4f0c7a4d9a10", None),
        ("sip:alice@example.org", None),
        ("spiffe://example.org/ns/web", None),
        ("/a", Some("uri")),
        ("1:a", Some("uri")),
        ("http://a b/", Some("uri-ambiguous")),
        ("http://a.example/\\b", Some("uri-ambiguous")),
        ("http://a.example/<b>", Some("uri-ambiguous")),
        ("http://a.example/%zz", Some("uri-ambiguous")),
        ("http://a.example/b/%2e%2e/c", Some("uri-ambiguous")),
        ("http://user@a.example/", Some("uri-ambiguous")),
        ("http:///a", Some("uri-ambiguous")),
        ("http://127.1/", Some("uri-ambiguous")),
        ("spiffe://example.org", Some("spiffe-id")),
        ("spiffe://Example.org/a", Some("spiffe-id")),
        ("SPIFFE://example.org/a", Some("spiffe-id")),
        ("spiffe://example.org/a%20b", Some("spiffe-id")),
        ("spiffe://example.org/a/", Some("spiffe-id")),
    ] {
        assert_eq!(
            rules(SubjectAltName::Uri(name.into())),
            as_list(rule),
            "{name}"
        );
    }
    assert_eq!(
        rules(SubjectAltName::Dns(String::new())),
        ["name", "alternative-name"]
    );
    let two = ["spiffe://example.org/a", "urn:a:b"].map(|it| SubjectAltName::Uri(it.into()));
    assert_eq!(refusals("CN=a", two.into()), ["spiffe-id"]);
}

#[test]
fn a_subject_does_not_look_like_another_one() {
    let address = || vec![SubjectAltName::Email("a@example.org".into())];
    for (subject, sans, rule) in [
        ("CN=admin", vec![], None),
        ("CN=Zoë Müller,O=株式会社", vec![], None),
        ("CN=a  b", vec![], None),
        ("CN=ad\u{200b}min", vec![], Some("subject-hidden-character")),
        ("CN=\u{feff}admin", vec![], Some("subject-hidden-character")),
        (
            "CN=a\u{202e}gro.elpmaxe",
            vec![],
            Some("subject-hidden-character"),
        ),
        ("CN=a,O=b\u{2066}", vec![], Some("subject-hidden-character")),
        ("CN=\\ admin", vec![], Some("subject-space")),
        ("CN=admin\\ ", vec![], Some("subject-space")),
        ("CN=admin\u{a0}", vec![], Some("subject-space")),
        ("CN=a\\0Ab", vec![], Some("subject-text")),
        ("CN=a,emailAddress=a@example.org", address(), None),
        (
            "CN=a,emailAddress=a@example.org",
            vec![],
            Some("subject-email-alone"),
        ),
        (
            "CN=a,emailAddress=b@example.org",
            address(),
            Some("subject-email-alone"),
        ),
    ] {
        assert_eq!(refusals(subject, sans), as_list(rule), "{subject:?}");
    }
    let wrong = vec![SubjectAltName::Email("a b@@x".into())];
    assert_eq!(
        refusals("CN=a,emailAddress=a b@@x", wrong),
        ["subject-email", "email"]
    );
}

#[test]
fn the_name_of_a_ca_stays_as_it_is() {
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    let subject = "CN=Old\u{200b} CA\\ ,emailAddress=root@example.org"
        .parse()
        .unwrap();
    let root = Authority::root(subject, key, &Profile::root(), NOW).unwrap();
    let found = lint(root.certificate());
    let rules: Vec<_> = found.iter().map(|it| it.rule).collect();
    assert_eq!(rules, ["subject-hidden-character", "subject-space"]);
    assert!(
        found
            .iter()
            .all(|it| it.severity == pki_core::Severity::Warning)
    );
}

#[test]
fn a_name_of_a_kind_that_is_never_certified_is_refused_by_its_kind() {
    let other = |kind| SubjectAltName::Other {
        kind,
        oid: Some("1.3.6.1.4.1.311.20.2.3".parse().unwrap()),
        der: vec![0x0c, 1, b'a'],
    };
    let unreadable = SubjectAltName::Unreadable {
        kind: "dns",
        der: vec![0x82, 0],
    };
    for name in [other("other-name"), other("registered-id"), unreadable] {
        let kind = name.kind();
        let Err(IssueError::Refused(findings)) = issue("CN=a", vec![name]) else {
            panic!("{kind}");
        };
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].rule, "name");
        assert!(findings[0].sentence.contains(kind), "{findings:?}");
    }
}

#[test]
fn a_certificate_fits_into_a_handshake() {
    let names = |count: usize| {
        let name = |index| SubjectAltName::Dns(format!("host-{index:05}.example.org"));
        (0..count).map(name).collect()
    };
    assert_eq!(refusals("CN=a", names(500)), as_list(None));
    assert_eq!(refusals("CN=a", names(1000)), ["size"]);
}

#[test]
fn a_period_outside_the_limits_is_told_in_days_and_once() {
    let profile = Profile::server();
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    let parameters =
        CertificateParameters::for_key(key.public_key_der(), "CN=a.example".parse().unwrap())
            .sans([SubjectAltName::Dns("a.example".into())]);
    let parameters = parameters.validity(time::Duration::days(826));
    let Err(error) = ROOT.issue(&parameters, &profile, NOW) else {
        panic!("issued");
    };
    let text = error.to_string();
    assert!(
        text.contains("a validity period of 826days is outside the profile's 0s to 825days"),
        "{text}"
    );
    assert!(!text.contains("not be valid now"), "{text}");
}

static ROOT: std::sync::LazyLock<Authority> = std::sync::LazyLock::new(|| {
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    Authority::root("CN=Root".parse().unwrap(), key, &Profile::root(), NOW).unwrap()
});

static KEY: std::sync::LazyLock<KeyPair> =
    std::sync::LazyLock::new(|| KeyPair::generate(KeyKind::P256).unwrap());

/// By a profile that allows everything.
fn issue(subject: &str, sans: Vec<SubjectAltName>) -> Result<pki_core::Issued, IssueError> {
    let mut profile = Profile::client().with_subject(AllowedSubject::any());
    profile.names = AllowedNames::any();
    let subject = subject.parse().unwrap();
    let parameters = CertificateParameters::for_key(KEY.public_key_der(), subject).sans(sans);
    ROOT.issue(&parameters, &profile, NOW)
}

/// The rules that refuse it.
fn refusals(subject: &str, sans: Vec<SubjectAltName>) -> Vec<&'static str> {
    match issue(subject, sans) {
        Ok(_) => Vec::new(),
        Err(IssueError::Refused(findings)) => findings.iter().map(|it| it.rule).collect(),
        Err(other) => panic!("{other}"),
    }
}

fn as_list(rule: Option<&'static str>) -> Vec<&'static str> {
    rule.into_iter().collect()
}
