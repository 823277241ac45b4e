//! A certificate request (PKCS#10), in DER and in PEM.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pki_core::CertificateRequest;
use x509_identity::DistinguishedName;

fuzz_target!(|bytes: &[u8]| {
    let _ = CertificateRequest::from_pem(bytes);
    let Ok(request) = CertificateRequest::from_der(bytes) else {
        return;
    };
    let names = request.requested_names();
    let subject = names.subject().to_string().parse::<DistinguishedName>();
    assert_eq!(subject.as_ref(), Ok(names.subject()));
    for name in names.sans() {
        let _ = name.to_string();
    }
});
