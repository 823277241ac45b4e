//! Requests that others have made, read.
use pki_core::{CertificateRequest, CsrError};

#[test]
fn a_csr_with_a_wrong_signature_or_no_sense_is_refused() {
    let key = rcgen::KeyPair::generate().unwrap();
    let request = rcgen::CertificateParams::default()
        .serialize_request(&key)
        .unwrap();
    let mut der = request.der().to_vec();
    assert!(CertificateRequest::from_der(&der).is_ok());
    let last = der.len() - 1;
    der[last] ^= 1;
    assert!(matches!(
        CertificateRequest::from_der(&der),
        Err(CsrError::BadSignature)
    ));
    assert!(matches!(
        CertificateRequest::from_der(&der[..40]),
        Err(CsrError::Malformed(_))
    ));
    assert!(matches!(
        CertificateRequest::from_pem(b""),
        Err(CsrError::Empty)
    ));
    assert!(matches!(
        CertificateRequest::from_pem(b"hello"),
        Err(CsrError::NotACsr)
    ));
    assert!(matches!(
        CertificateRequest::from_der(&[0x30; 70_000]),
        Err(CsrError::TooLarge { .. })
    ));
}
