//! Enrolment over Secure Transport (RFC 7030, 8951).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cms::cert::CertificateChoices;
use cms::content_info::ContentInfo;
use cms::signed_data::SignedData;
use der::{Decode as _, Encode as _};
use http::header::CONTENT_TYPE;
use pki_core::verify::TrustAnchors;
use pki_core::{CertificateRequest, certificate_pem};
use rustls::pki_types::CertificateDer;
use x509_identity::Certificate;

use super::channel::{Answer, Call, Channel, Secret, printable};
use super::enrolled::{Received, unsound};
use super::error::{EST, EnrollError};

/// Below which the operations of EST are, and labels (section 3.2.2).
pub(super) const WELL_KNOWN: &str = "/.well-known/est";

pub(super) async fn enroll(
    channel: &Channel<'_>,
    secret: Secret<'_>,
    request: &CertificateRequest,
    trusted: &TrustAnchors,
) -> Result<Received, EnrollError> {
    let call = asking("/simpleenroll", request).with(secret);
    received(channel, call, trusted).await
}

pub(super) async fn renew(
    channel: &Channel<'_>,
    request: &CertificateRequest,
    trusted: &TrustAnchors,
) -> Result<Received, EnrollError> {
    received(channel, asking("/simplereenroll", request), trusted).await
}

/// Has the server look at the certificate of the connection.
pub(super) async fn present(channel: &Channel<'_>) -> Result<(), EnrollError> {
    ca_certificates(channel).await.map(drop)
}

/// How far the server's clock is ahead.
pub(super) async fn clock_ahead(channel: &Channel<'_>) -> Result<time::Duration, EnrollError> {
    Ok(ca_certificates(channel).await?.clock_ahead())
}

/// Base64 on one line with a line feed, which each server of EST reads.
fn asking<'a>(path: &str, request: &CertificateRequest) -> Call<'a> {
    let mut body = STANDARD.encode(request.der());
    body.push('\n');
    Call::post(path, "application/pkcs10", body)
}

/// What was issued. A request that waits is sent again as it is (section 4.2.3).
async fn received(
    channel: &Channel<'_>,
    call: Call<'_>,
    trusted: &TrustAnchors,
) -> Result<Received, EnrollError> {
    let answer = channel.settled(call, |_| Ok(None)).await?;
    answer.expect_ok(refusal)?;
    let issued = certificates(&answer.body)?;
    let of_ca = certificates(&ca_certificates(channel).await?.body)?;
    let roots_pem = roots(&of_ca, trusted);
    let is_trusted = |der: &CertificateDer<'_>| {
        let mut anchors = trusted.certificates().iter();
        anchors.any(|anchor| anchor.der() == der.as_ref())
    };
    // Some servers give the chain with the certificate.
    let above = issued.iter().chain(&of_ca).filter(|der| !is_trusted(der));
    Ok(Received {
        above: above.cloned().collect(),
        issued,
        chain_pem: None,
        roots_pem,
        ahead: answer.clock_ahead(),
    })
}

/// `cacerts` (section 4.1).
async fn ca_certificates(channel: &Channel<'_>) -> Result<Answer, EnrollError> {
    let answer = channel.send(&Call::get("/cacerts")).await?;
    answer.expect_ok(refusal)?;
    Ok(answer)
}

/// Those of the CA that have issued themselves; if it has none, what is trusted already.
fn roots(of_ca: &[CertificateDer<'_>], trusted: &TrustAnchors) -> String {
    let parsed = of_ca.iter().map(|der| Certificate::from_der(der));
    let roots = parsed.filter_map(|it| it.ok().filter(|it| it.is_ca() && it.is_self_issued()));
    let roots: String = roots.map(|root| certificate_pem(&root)).collect();
    if !roots.is_empty() {
        return roots;
    }
    let trusted = trusted.certificates().iter();
    trusted.map(|root| certificate_pem(root)).collect()
}

/// Those of a "certs-only" message (RFC 5272 section 4.1): base64 in lines of any length, or DER.
fn certificates(body: &[u8]) -> Result<Vec<CertificateDer<'static>>, EnrollError> {
    let decoded;
    let der = if body.first() == Some(&0x30) {
        body
    } else {
        let text = body.iter().copied();
        let compact: Vec<u8> = text.filter(|it| !it.is_ascii_whitespace()).collect();
        decoded = STANDARD.decode(compact).map_err(|error| unsound(&error))?;
        &decoded
    };
    let message = ContentInfo::from_der(der).and_then(|it| it.content.decode_as::<SignedData>());
    let message = message.map_err(|error| unsound(&error))?;
    let set = message.certificates.map(|it| it.0).unwrap_or_default();
    let certificates = set.iter().filter_map(|it| match it {
        CertificateChoices::Certificate(certificate) => Some(certificate.to_der()),
        CertificateChoices::Other(_) => None,
    });
    let certificates = certificates.map(|der| der.map(CertificateDer::from));
    certificates
        .collect::<Result<_, _>>()
        .map_err(|error| unsound(&error))
}

/// Why the server has refused: a sentence, if it gives one.
fn refusal(answer: &Answer) -> EnrollError {
    let media_type = answer.headers.get(CONTENT_TYPE);
    let is_text = media_type
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("text/plain"));
    let text = str::from_utf8(&answer.body).unwrap_or_default().trim();
    let detail = match is_text && !text.is_empty() {
        true => printable(text),
        false => answer.status.to_string(),
    };
    EnrollError::Refused {
        status: answer.status.as_u16(),
        kind: EST.to_owned(),
        detail,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    /// Made by `openssl crl2pkcs7 -nocrl -certfile two-roots.pem -outform DER | base64`: `CN=a` (RSA) and `CN=b` (P-256), in
    /// the order of the file, which is not that of DER.
    const BOTH: &str = include_str!("two-roots.p7.b64");

    #[test]
    fn certificates_are_read_in_each_form_that_servers_send() {
        let line: String = BOTH.split_whitespace().collect();
        let der = STANDARD.decode(&line).unwrap();
        for form in [
            BOTH.as_bytes(),
            line.as_bytes(),
            format!("{line}\n").as_bytes(),
            BOTH.replace('\n', "\r\n").as_bytes(),
            &der,
        ] {
            let read = certificates(form).unwrap();
            let mut names: Vec<_> = read
                .iter()
                .map(|it| Certificate::from_der(it).unwrap().subject().to_string())
                .collect();
            names.sort();
            assert_eq!(names, ["CN=a", "CN=b"], "{}", String::from_utf8_lossy(form));
        }
        for wrong in [&b""[..], b"<html>", b"AAAA", b"0", &der[..100]] {
            let refused = certificates(wrong);
            assert!(refused.is_err(), "{}", String::from_utf8_lossy(wrong));
        }
    }
}
