//! From one root to another, and from one certificate of a CA to its next, with no chain broken on the way.
use pki_core::verify::{ChainVerifier, Purpose, TrustAnchors, unix_time};
use pki_core::{
    Authority, CaUsage, CertificateParameters, IssueError, Issued, KeyKind, KeyPair, Password,
    Profile, ValidityLimits, certificate_pem,
};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use x509_identity::{Certificate, DistinguishedName};

const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

/// RFC 4210 section 4.4: NewWithOld and OldWithNew.
#[test]
fn a_cross_certificate_leads_from_either_root_to_the_leaves_of_the_other() {
    let (old, new) = (Ca::new("Old"), Ca::new("New"));
    for (trusted, other) in [(&old, &new), (&new, &old)] {
        let parameters = CertificateParameters::for_ca(other.root.certificate());
        let profile = Profile::cross_certificate();
        let cross = trusted.root.issue(&parameters, &profile, NOW).unwrap();
        let cross = cross.certificate();
        let its_own = other.root.certificate();
        assert_eq!(cross.subject_der(), its_own.subject_der());
        assert_eq!(cross.spki_der(), its_own.spki_der());
        assert_eq!(cross.subject_key_id(), its_own.subject_key_id());
        assert_ne!(cross.serial(), its_own.serial());
        assert!(!cross.is_self_issued());

        let leaf = other.leaf();
        let issuing = other.issuing.certificate();
        let anchor = trusted.root.certificate();
        assert!(is_accepted(&leaf, &[issuing, cross], anchor));
        assert!(is_accepted(&leaf, &[issuing], its_own));
        assert!(!is_accepted(&leaf, &[issuing], anchor));
        assert!(!is_accepted(&trusted.leaf(), &[issuing, cross], anchor));
    }
}

#[test]
fn a_cross_certificate_is_judged_like_every_other() {
    let (old, new) = (Ca::new("Old"), Ca::new("New"));
    let parameters = CertificateParameters::for_ca(new.root.certificate());
    let profile = Profile::cross_certificate();

    let by_issuing = old.issuing.issue(&parameters, &profile, NOW);
    assert_eq!(refusals(by_issuing), ["path-length"]);

    let for_servers = Profile {
        ca_usages: vec![CaUsage::ServerAuth],
        ..Profile::root()
    };
    let limited = Authority::root(name("Limited"), key(), &for_servers, NOW).unwrap();
    let wider = limited.issue(&parameters, &profile, NOW);
    assert_eq!(refusals(wider), ["extended-key-usage"]);

    let short = Profile::root().with_validity(ValidityLimits::exactly_days(100));
    let ending = Authority::root(name("Ending"), key(), &short, NOW).unwrap();
    let too_long = ending.issue(&parameters, &profile, NOW);
    let Err(IssueError::OutlivesIssuer { issuer, .. }) = too_long else {
        unreachable!("{too_long:?}");
    };
    assert_eq!(issuer, ending.certificate().not_after());
    let capped = ending.issue(&parameters.end_with_issuer(), &profile, NOW);
    assert_eq!(
        capped.unwrap().certificate().not_after(),
        ending.certificate().not_after()
    );
}

#[test]
fn a_ca_gets_a_certificate_that_ends_later_and_its_leaves_have_both() {
    let ca = Ca::new("Root");
    let later = NOW + Duration::hours(12);
    let parameters = CertificateParameters::for_ca(ca.issuing.certificate());
    let second = ca.root.issue(&parameters, &Profile::issuing_ca(), later);
    let second = second.unwrap().certificate().clone();
    assert!(second.not_after() > ca.issuing.certificate().not_after());
    assert_ne!(second.serial(), ca.issuing.certificate().serial());
    let leaf = ca.leaf();
    for issuing in [ca.issuing.certificate(), &second] {
        assert!(is_accepted(&leaf, &[issuing], ca.root.certificate()));
    }
}

#[test]
fn a_root_signs_another_certificate_of_itself_and_of_no_other_root() {
    let (ca, other) = (Ca::new("Root"), Ca::new("Other"));
    let later = NOW + Duration::hours(12);
    let profile = Profile::root();
    let own = CertificateParameters::for_ca(ca.root.certificate());
    let prepared = ca.root.prepare(&own, &profile, later).unwrap();
    let second = ca.root.sign(prepared).unwrap();
    let second = second.certificate();
    assert!(second.is_self_issued());
    assert!(second.not_after() > ca.root.certificate().not_after());
    assert!(is_accepted(&ca.leaf(), &[ca.issuing.certificate()], second));
    assert!(pki_core::verify::is_signed_by(second, second));

    for (by, of) in [
        (&ca.root, &other.root),
        (&ca.root, &ca.issuing),
        (&ca.issuing, &ca.issuing),
        (&ca.issuing, &ca.root),
    ] {
        let parameters = CertificateParameters::for_ca(of.certificate());
        assert_eq!(refusals(by.issue(&parameters, &profile, later)), ["issuer"]);
    }
    // Its own key under another name.
    let renamed = CertificateParameters::for_key(ca.root.certificate().spki_der(), name("Another"));
    assert!(refusals(ca.root.issue(&renamed, &profile, later)).contains(&"issuer"));
}

/// Its key identifier and the string types of its name are not the ones that would be chosen here.
#[test]
fn a_ca_that_others_made_keeps_its_name_and_key_identifier() {
    let mut params = rcgen::CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.key_usages = vec![
        rcgen::KeyUsagePurpose::KeyCertSign,
        rcgen::KeyUsagePurpose::CrlSign,
    ];
    params.not_before = NOW - Duration::DAY;
    params.not_after = NOW + Duration::days(9000);
    params.key_identifier_method = rcgen::KeyIdMethod::Sha256;
    let mut their_name = rcgen::DistinguishedName::new();
    their_name.push(
        rcgen::DnType::CommonName,
        rcgen::DnValue::BmpString("Theirs".try_into().unwrap()),
    );
    params.distinguished_name = their_name;
    let their_key = rcgen::KeyPair::generate().unwrap();
    let theirs = params.self_signed(&their_key).unwrap();
    let theirs = Certificate::from_der(theirs.der()).unwrap();

    let ours = Ca::new("Ours");
    let parameters = CertificateParameters::for_ca(&theirs);
    let cross = ours
        .root
        .issue(&parameters, &Profile::cross_certificate(), NOW);
    let cross = cross.unwrap().certificate().clone();
    assert_eq!(cross.subject_der(), theirs.subject_der());
    assert_eq!(cross.subject_key_id(), theirs.subject_key_id());

    let key = KeyPair::from_pem(their_key.serialize_pem().as_bytes(), None).unwrap();
    let leaf = leaf_of(&Authority::new(vec![theirs], key).unwrap());
    assert!(is_accepted(&leaf, &[&cross], ours.root.certificate()));
}

#[test]
fn an_authority_is_taken_up_again_from_its_encrypted_key() {
    let password = Password::new("correct horse");
    let key = key();
    let pem = key.secret_encrypted_pkcs8_pem(&password).unwrap();
    let root = Authority::root(name("Root"), key, &Profile::root(), NOW).unwrap();
    let chain = certificate_pem(root.certificate());

    let again = KeyPair::from_pem(pem.as_bytes(), Some(&password)).unwrap();
    let again = Authority::from_pem(chain.as_bytes(), again).unwrap();
    let leaf = leaf_of(&again);
    assert!(is_accepted(&leaf, &[], root.certificate()));

    let wrong = KeyPair::from_pem(pem.as_bytes(), Some(&Password::new("battery staple")));
    assert!(matches!(wrong, Err(pki_core::KeyError::Decrypt)));
    assert!(matches!(
        KeyPair::from_pem(pem.as_bytes(), None),
        Err(pki_core::KeyError::Encrypted)
    ));
    let of_another = Authority::from_pem(chain.as_bytes(), self::key());
    assert!(matches!(of_another, Err(IssueError::KeyMismatch { .. })));
}

/// A root and its issuing CA.
struct Ca {
    root: Authority,
    issuing: Authority,
}

impl Ca {
    fn new(common_name: &str) -> Self {
        let root = Authority::root(name(common_name), key(), &Profile::root(), NOW).unwrap();
        let (key, below) = (key(), name(&format!("{common_name} issuing")));
        let parameters = CertificateParameters::for_key(key.public_key_der(), below);
        let issued = root
            .issue(&parameters, &Profile::issuing_ca(), NOW)
            .unwrap();
        let chain = vec![issued.certificate().clone(), root.certificate().clone()];
        Self {
            root,
            issuing: Authority::new(chain, key).unwrap(),
        }
    }

    fn leaf(&self) -> Certificate {
        leaf_of(&self.issuing)
    }
}

fn leaf_of(authority: &Authority) -> Certificate {
    let key = key();
    let parameters = CertificateParameters::for_key(key.public_key_der(), name("client1"));
    let issued = authority.issue(&parameters, &Profile::client(), NOW);
    issued.unwrap().certificate().clone()
}

fn is_accepted(leaf: &Certificate, intermediates: &[&Certificate], anchor: &Certificate) -> bool {
    let anchors = TrustAnchors::from_certs([anchor.der()]).unwrap();
    let verifier = ChainVerifier::builder(anchors, Purpose::TlsClient).build();
    let der = |certificate: &Certificate| certificate.der().to_vec().into();
    let intermediates: Vec<_> = intermediates.iter().map(|one| der(one)).collect();
    let verdict = verifier.verify(
        &der(leaf),
        &intermediates,
        unix_time(NOW + Duration::hours(13)),
    );
    verdict.is_ok()
}

fn refusals(result: Result<Issued, IssueError>) -> Vec<&'static str> {
    match result {
        Err(IssueError::Refused(findings)) => findings.iter().map(|it| it.rule).collect(),
        other => unreachable!("{other:?}"),
    }
}

fn key() -> KeyPair {
    KeyPair::generate(KeyKind::P256).unwrap()
}

fn name(common_name: &str) -> DistinguishedName {
    let name = DistinguishedName::builder().common_name(common_name);
    name.build().unwrap()
}
