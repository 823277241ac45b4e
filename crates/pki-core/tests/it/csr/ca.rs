//! Requests for the certificate of a CA.
use pki_core::{
    Authority, CertificateParameters, CertificateRequest, CsrError, IssueError, KeyKind, KeyPair,
    Profile,
};
use rcgen::{BasicConstraints, CustomExtension, IsCa, KeyUsagePurpose};
use time::OffsetDateTime;
use time::macros::datetime;

const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

#[test]
fn a_request_for_a_ca_gives_no_leaf() {
    let ca = |params: &mut rcgen::CertificateParams| {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    };
    let signs = |params: &mut rcgen::CertificateParams| {
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    };
    let no_ca = |params: &mut rcgen::CertificateParams| params.is_ca = IsCa::ExplicitNoCa;
    let usual = |params: &mut rcgen::CertificateParams| {
        params.key_usages = vec![
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::KeyEncipherment,
        ];
    };
    for (change, asks) in [
        (&ca as &dyn Fn(&mut rcgen::CertificateParams), true),
        (&signs, true),
        (&no_ca, false),
        (&usual, false),
        (&|_| {}, false),
    ] {
        let request = read(change).unwrap();
        assert_eq!(request.asks_for_ca(), asks);
        let parameters = CertificateParameters::from_csr(&request);
        match ROOT.issue(&parameters, &Profile::client(), NOW) {
            Ok(issued) => assert!(!asks && !issued.certificate().is_ca()),
            Err(IssueError::Refused(findings)) => {
                assert!(asks, "{findings:?}");
                assert_eq!(findings.len(), 1);
                assert_eq!(findings[0].rule, "basic-constraints");
            }
            Err(other) => panic!("{other}"),
        }
        // Names that are known by other means change nothing about it.
        let named =
            CertificateParameters::for_key(request.public_key_der(), "CN=known".parse().unwrap());
        let named = named.proven_by(&request);
        assert_eq!(ROOT.issue(&named, &Profile::client(), NOW).is_err(), asks);
        // A CA's profile gives what is asked for.
        let issued = ROOT.issue(&parameters, &Profile::issuing_ca(), NOW);
        assert!(issued.unwrap().certificate().is_ca());
    }
}

#[test]
fn basic_constraints_that_cannot_be_read_are_not_taken_for_those_of_a_leaf() {
    let with = |value: Vec<u8>| {
        read(&|params: &mut rcgen::CertificateParams| {
            let extension = CustomExtension::from_oid_content(&[2, 5, 29, 19], value.clone());
            params.custom_extensions = vec![extension];
        })
    };
    assert!(with(vec![0x30, 3, 1, 1, 0xff]).unwrap().asks_for_ca());
    assert!(!with(vec![0x30, 0]).unwrap().asks_for_ca());
    // TRUE in BER.
    let read = with(vec![0x30, 3, 1, 1, 1]);
    assert!(matches!(read, Err(CsrError::Malformed(_))));
}

static ROOT: std::sync::LazyLock<Authority> = std::sync::LazyLock::new(|| {
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    Authority::root("CN=Root".parse().unwrap(), key, &Profile::root(), NOW).unwrap()
});

/// A CSR of a new key.
fn read(change: &dyn Fn(&mut rcgen::CertificateParams)) -> Result<CertificateRequest, CsrError> {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, "client1");
    change(&mut params);
    CertificateRequest::from_der(params.serialize_request(&key).unwrap().der())
}
