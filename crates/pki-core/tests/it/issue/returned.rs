//! Certificates that another CA has signed: what was approved passes, and every difference has a name.
use pki_core::{
    AllowedNames, AllowedSubject, Authority, CertificateParameters, IssueError, KeyKind, KeyPair,
    Prepared, Profile, ReturnedError,
};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use x509_identity::{Certificate, DistinguishedName, SubjectAltName};

const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

/// What is asked of the other CA, and what a CA that went wrong could make of it instead.
struct Asked {
    elsewhere: Authority,
    here: Authority,
    key: KeyPair,
}

impl Asked {
    fn new() -> Self {
        let elsewhere = root("Upstream");
        let here = Authority::without_key(elsewhere.chain().to_vec()).unwrap();
        let key = KeyPair::generate(KeyKind::P256).unwrap();
        Self {
            elsewhere,
            here,
            key,
        }
    }

    fn parameters(&self) -> CertificateParameters {
        CertificateParameters::for_key(self.key.public_key_der(), named("sensor.example.org"))
            .sans([dns("sensor.example.org")])
    }

    fn approved(&self) -> Prepared {
        let profile = profile(Profile::client());
        self.here
            .prepare(&self.parameters(), &profile, NOW)
            .unwrap()
    }

    /// What is found of a certificate that the other CA has made.
    fn found(&self, returned: &Certificate) -> Result<(), ReturnedError> {
        self.here
            .check_returned(self.approved().tbs_der(), returned)
    }

    fn made(&self, parameters: &CertificateParameters, profile: &Profile) -> Certificate {
        let issued = self.elsewhere.issue(parameters, profile, NOW).unwrap();
        issued.certificate().clone()
    }
}

#[test]
fn what_was_approved_is_accepted_and_also_for_a_shorter_time() {
    let asked = Asked::new();
    let client = profile(Profile::client());
    asked
        .found(&asked.made(&asked.parameters(), &client))
        .unwrap();
    let shorter = asked.parameters().validity(Duration::hours(1));
    // It begins as late as it may, by a clock that is ahead.
    let issued = asked
        .elsewhere
        .issue(&shorter, &client, NOW + Duration::MINUTE);
    asked.found(issued.unwrap().certificate()).unwrap();
}

#[test]
fn every_difference_has_a_name() {
    use ReturnedError as E;
    type Named = fn(&E) -> bool;
    let asked = Asked::new();
    let client = profile(Profile::client());
    let with = |parameters: &CertificateParameters| asked.made(parameters, &client);
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    let of_key = CertificateParameters::for_key(key.public_key_der(), named("sensor.example.org"))
        .sans([dns("sensor.example.org")]);
    let renamed = CertificateParameters::for_key(asked.key.public_key_der(), named("admin"));
    let nameless =
        CertificateParameters::for_key(asked.key.public_key_der(), named("sensor.example.org"));
    let longer = asked.parameters().validity(Duration::days(60));
    let earlier = asked.elsewhere.issue(
        &asked.parameters().validity(Duration::days(1)),
        &client,
        NOW - Duration::hours(1),
    );
    let other = root("Somebody else").issue(&asked.parameters(), &client, NOW);
    // The same name, and another key.
    let impostor = root("Upstream").issue(&asked.parameters(), &client, NOW);
    let cases: [(&str, Certificate, Named); 9] = [
        ("another key", with(&of_key), |it| matches!(it, E::Key)),
        ("another subject", with(&renamed), |it| {
            matches!(it, E::Subject { .. })
        }),
        (
            "an extra name",
            with(&asked.parameters().sans([dns("admin.example.org")])),
            |it| matches!(it, E::ExtraName { name } if name == "dns:admin.example.org"),
        ),
        ("a missing name", with(&nameless), |it| {
            matches!(it, E::MissingName { .. })
        }),
        (
            "another usage",
            asked.made(&asked.parameters(), &profile(Profile::server())),
            |it| matches!(it, E::ExtendedKeyUsage { .. }),
        ),
        ("a longer time", with(&longer), |it| {
            matches!(it, E::NotAfter { .. })
        }),
        (
            "an earlier begin",
            earlier.unwrap().certificate().clone(),
            |it| matches!(it, E::NotBefore { .. }),
        ),
        (
            "another issuer",
            other.unwrap().certificate().clone(),
            |it| matches!(it, E::Issuer { .. }),
        ),
        (
            "another issuer of that name",
            impostor.unwrap().certificate().clone(),
            |it| matches!(it, E::Signature),
        ),
    ];
    for (case, returned, is_named) in cases {
        let error = asked.found(&returned).unwrap_err();
        assert!(is_named(&error), "{case}: {error}");
    }
}

#[test]
fn a_ca_is_not_taken_for_a_leaf() {
    let asked = Asked::new();
    let ca =
        CertificateParameters::for_key(asked.key.public_key_der(), named("sensor.example.org"));
    let approved = asked.here.prepare(&ca, &profile(Profile::client()), NOW);
    let mut limits = Profile::issuing_ca();
    limits.validity = Profile::client().validity;
    let returned = asked.made(&ca, &limits);
    let error = asked
        .here
        .check_returned(approved.unwrap().tbs_der(), &returned)
        .unwrap_err();
    assert!(matches!(error, ReturnedError::BasicConstraints), "{error}");
}

#[test]
fn an_authority_without_its_key_signs_nothing() {
    let asked = Asked::new();
    let error = asked.here.sign(asked.approved()).unwrap_err();
    assert!(matches!(error, IssueError::Sign(_)), "{error}");
    let leaf = asked.made(&asked.parameters(), &profile(Profile::client()));
    let error = Authority::without_key(vec![leaf]).unwrap_err();
    assert!(matches!(error, IssueError::NotACa { .. }), "{error}");
}

#[test]
fn bytes_that_are_no_certificate_approve_nothing() {
    let asked = Asked::new();
    let returned = asked.made(&asked.parameters(), &profile(Profile::client()));
    for bytes in [&b""[..], b"\x30\x03\x02\x01\x00"] {
        let error = asked.here.check_returned(bytes, &returned).unwrap_err();
        assert!(matches!(error, ReturnedError::Approved(_)), "{error}");
    }
}

fn root(name: &str) -> Authority {
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    Authority::root(named(name), key, &Profile::root(), NOW - Duration::days(1)).unwrap()
}

fn profile(profile: Profile) -> Profile {
    let mut profile = profile.with_subject(AllowedSubject::any());
    profile.names = AllowedNames::any();
    profile
}

fn named(name: &str) -> DistinguishedName {
    DistinguishedName::builder()
        .common_name(name)
        .build()
        .unwrap()
}

fn dns(name: &str) -> SubjectAltName {
    SubjectAltName::Dns(name.into())
}
