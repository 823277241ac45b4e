//! The CSR in the body of an enrolment.
//!
//! RFC 8951 section 3 has base64 there, whatever `Content-Transfer-Encoding` says. Clients send it on one line or on
//! several, some of them PEM, and some DER.

use axum::body::Body;
use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pki_core::CertificateRequest;

use crate::enroll::body::{media_type, read};
use crate::enroll::refusal::Refusal;
use crate::enroll::service::Enrollment;

/// That of a request.
pub(super) async fn csr_of(
    service: &Enrollment,
    headers: &HeaderMap,
    body: Body,
) -> Result<CertificateRequest, Refusal> {
    media_type(headers, "application/pkcs10")?;
    csr(&read(body, service.0.limits.body).await?)
}

/// Reads it in each of these forms.
fn csr(body: &[u8]) -> Result<CertificateRequest, Refusal> {
    // DER begins with 0x30, which base64 of it does not. What looks like space at its end belongs to its signature.
    if body.first() == Some(&0x30) {
        return CertificateRequest::from_pem_or_der(body).map_err(Refusal::BadCsr);
    }
    // `openssl req -text` writes the same in words before it.
    if body.windows(PEM.len()).any(|it| it == PEM) {
        return CertificateRequest::from_pem(body).map_err(Refusal::BadCsr);
    }
    let text = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    // Who sends a string of C may send its end, too.
    let text = text.iter().copied();
    let compact = text.filter(|it| !it.is_ascii_whitespace() && *it != 0);
    let compact: Vec<u8> = compact.collect();
    let der = STANDARD.decode(compact);
    let der = der.map_err(|_| Refusal::malformed("its body is neither base64 nor PEM nor DER"))?;
    CertificateRequest::from_der(&der).map_err(Refusal::BadCsr)
}

const PEM: &[u8] = b"-----BEGIN ";
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use pki_core::{KeyKind, KeyPair};

    use super::*;

    #[test]
    fn a_csr_is_read_in_each_form_that_clients_send() {
        let key = KeyPair::generate(KeyKind::P256).unwrap();
        let made = CertificateRequest::build(&key, &"CN=router-1".parse().unwrap(), &[]).unwrap();
        let line = STANDARD.encode(made.der());
        let wrapped = |end: &str| {
            let lines = line.as_bytes().chunks(64);
            let lines: Vec<_> = lines.map(|it| str::from_utf8(it).unwrap()).collect();
            lines.join(end) + end
        };
        for form in [
            line.as_bytes(),
            format!("{line}\n").as_bytes(),
            wrapped("\n").as_bytes(),
            wrapped("\r\n").as_bytes(),
            made.pem().as_bytes(),
            made.pem().replace('\n', "\r\n").as_bytes(),
            format!("Certificate Request:\n    Data:\n{}", made.pem()).as_bytes(),
            format!("\u{feff}{}", made.pem()).as_bytes(),
            made.pem()
                .replace("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST")
                .as_bytes(),
            format!("\u{feff}\r\n{line}").as_bytes(),
            format!("{line}\n\0").as_bytes(),
            made.der(),
        ] {
            let read = csr(form).unwrap();
            assert_eq!(read.der(), made.der(), "{}", String::from_utf8_lossy(form));
        }
        let cut = &made.der()[..40];
        for wrong in [
            &b""[..],
            b"   \r\n",
            b"not base64!",
            b"AAAA",
            b"0",
            b"-----BEGIN CERTIFICATE REQUEST-----",
            cut,
            STANDARD.encode(cut).as_bytes(),
        ] {
            assert!(csr(wrong).is_err(), "{}", String::from_utf8_lossy(wrong));
        }
    }
}
