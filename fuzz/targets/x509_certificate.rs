//! A certificate in DER: names, alternative names, extensions, and the lint on top.

#![no_main]

use libfuzzer_sys::fuzz_target;
use x509_identity::{Certificate, DistinguishedName};

fuzz_target!(|bytes: &[u8]| {
    let Ok(certificate) = Certificate::from_der(bytes) else {
        return;
    };
    assert_eq!(certificate.der(), bytes);
    for name in [certificate.subject(), certificate.issuer()] {
        same_when_written_and_read(name);
    }
    // Written into logs and answers.
    for name in certificate.sans() {
        let _ = (name.kind(), name.to_string());
    }
    let _ = certificate.serial().to_string();
    let _ = certificate.key_usage().map(|usage| usage.bits().count());
    let critical = certificate.critical_extensions().count();
    assert!(critical <= certificate.extensions().count());
    let _ = pki_core::lint(&certificate);
});

fn same_when_written_and_read(name: &DistinguishedName) {
    let text = name.to_string();
    let read = text.parse::<DistinguishedName>();
    assert_eq!(read.as_ref(), Ok(name), "{text}");
    let read = DistinguishedName::from_der(&name.to_der());
    assert_eq!(read.as_ref(), Ok(name), "{text}");
}
