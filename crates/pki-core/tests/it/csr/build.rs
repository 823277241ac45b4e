//! Requests that are made here, read by our reader and by x509-cert.
use pki_core::{
    CertificateRequest, CsrBuildError, CsrError, KeyKind, KeyPair, SignError, SignatureAlgorithm,
    Signer,
};
use x509_cert::request::CertReq;
use x509_identity::{DistinguishedName, SubjectAltName};

#[test]
fn a_request_of_each_kind_of_key_is_read_with_the_names_it_asks_for() {
    let full = DistinguishedName::builder()
        .country("NO")
        .organization("Évil, Ltd")
        .common_name("client1");
    let full = full.build().unwrap();
    let none = DistinguishedName::builder().build().unwrap();
    let sans = [
        SubjectAltName::Dns("*.example.org".to_owned()),
        SubjectAltName::Ip([127, 0, 0, 1].into()),
        SubjectAltName::Email("a@example.org".to_owned()),
        SubjectAltName::Uri("spiffe://example.org/a".to_owned()),
        SubjectAltName::DirectoryName(full.clone()),
    ];
    for kind in [
        KeyKind::P256,
        KeyKind::P384,
        KeyKind::Ed25519,
        KeyKind::Rsa2048,
    ] {
        let key = KeyPair::generate(kind).unwrap();
        for (subject, sans) in [(&full, &sans[..]), (&full, &[]), (&none, &sans)] {
            let request = CertificateRequest::build(&key, subject, sans).unwrap();
            let read = CertificateRequest::from_pem(request.pem().as_bytes()).unwrap();
            assert_eq!(read.der(), request.der());
            assert_eq!(read.key_kind(), kind);
            assert_eq!(read.public_key_der(), key.public_key_der());
            assert_eq!(read.requested_names().subject(), subject);
            assert_eq!(read.requested_names().sans(), sans);

            let theirs = CertReq::try_from(request.der()).unwrap();
            assert_eq!(theirs.info.attributes.len(), usize::from(!sans.is_empty()));
        }
    }
}

#[test]
fn what_would_be_refused_is_not_made() {
    let subject = DistinguishedName::builder().common_name("client1");
    let subject = subject.build().unwrap();
    let (own, other) = [KeyKind::P256; 2]
        .map(KeyPair::generate)
        .map(Result::unwrap)
        .into();
    let refused = CertificateRequest::build(&Wrong { own, other }, &subject, &[]);
    let Err(CsrBuildError::Refused(CsrError::BadSignature)) = refused else {
        unreachable!("{refused:?}");
    };
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    for name in ["æ.example.org", "\u{7f}\u{80}"] {
        let names = [SubjectAltName::Dns(name.to_owned())];
        let refused = CertificateRequest::build(&key, &subject, &names);
        assert!(
            matches!(refused, Err(CsrBuildError::Encode(_))),
            "{refused:?}"
        );
    }
    let names = [SubjectAltName::Dns("a\0.example.org".to_owned())];
    let refused = CertificateRequest::build(&key, &subject, &names);
    assert!(
        matches!(refused, Err(CsrBuildError::Refused(_))),
        "{refused:?}"
    );
}

/// Has the public key of one pair, and signs with another.
struct Wrong {
    own: KeyPair,
    other: KeyPair,
}

impl Signer for Wrong {
    fn algorithm(&self) -> SignatureAlgorithm {
        self.own.algorithm()
    }

    fn public_key_der(&self) -> &[u8] {
        self.own.public_key_der()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        self.other.sign(message)
    }
}
