//! What an EST client gets, to the byte.
//!
//! A body is base64 on one line with a line feed, as strongSwan reads no other lines; for libest it is wrapped ([`Lines`]).

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use time::OffsetDateTime;
use x509_identity::Certificate;

use super::certs_only;
use super::lines::Lines;
use crate::enroll::issuing::Outcome;
use crate::enroll::refusal::Refusal;
use crate::enroll::response::retry_after;

/// A refusal as plain text.
#[derive(Debug)]
pub(super) struct Plain(pub(super) Refusal);

impl From<Refusal> for Plain {
    fn from(refusal: Refusal) -> Self {
        Self(refusal)
    }
}

impl IntoResponse for Plain {
    fn into_response(self) -> Response {
        let challenge = HeaderValue::from_static("Basic realm=\"enrolment\"");
        let (status, _) = self.0.kind();
        if let Refusal::CredentialRequired = self.0 {
            // BouncyCastle reads no body of the answer by which it learns that it needs a password, and fails if there is
            // one.
            return (status, [(WWW_AUTHENTICATE, challenge)]).into_response();
        }
        let seconds = self.0.retry_after();
        let text = format!("{}\n", self.0.public_text());
        let mut response = (status, [(CONTENT_TYPE, TEXT)], text).into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = seconds {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// What became of a request. If it waits, the same CSR is to be sent again.
pub(super) fn outcome(
    outcome: Outcome,
    lines: Lines,
    now: OffsetDateTime,
) -> Result<Response, Refusal> {
    let (text, seconds) = match outcome {
        Outcome::Issued(record) => return issued(&record.certificate, lines),
        Outcome::Pending(request) => (
            "waiting for approval: send the same request again\n",
            retry_after(&request, now),
        ),
        Outcome::Upstream { retry_after, .. } => {
            ("the CA has the request, and has not decided\n", retry_after)
        }
    };
    let headers = [(CONTENT_TYPE, HeaderValue::from_static(TEXT))];
    let mut response = (StatusCode::ACCEPTED, headers, text).into_response();
    response.headers_mut().insert(RETRY_AFTER, seconds.into());
    Ok(response)
}

/// The certificate that was issued, and no other (RFC 7030 section 4.2.3).
fn issued(certificate: &Certificate, lines: Lines) -> Result<Response, Refusal> {
    let der = certs_only::encode([certificate]).map_err(Refusal::Encode)?;
    Ok(base64_body(CERTS_ONLY, &der, lines))
}

/// The certificates of the CA. Without `smime-type`, since older clients of BouncyCastle refuse it here.
pub(super) fn ca_certificates<'a>(
    certificates: impl IntoIterator<Item = &'a Certificate>,
    lines: Lines,
) -> Result<Response, Refusal> {
    let der = certs_only::encode(certificates).map_err(Refusal::Encode)?;
    Ok(base64_body(PKCS7, &der, lines))
}

/// What a CSR should have (RFC 9908).
pub(super) fn csr_attributes(der: &[u8], lines: Lines) -> Response {
    base64_body("application/csrattrs", der, lines)
}

fn base64_body(media_type: &'static str, der: &[u8], lines: Lines) -> Response {
    let text = lines.encode(der);
    // RFC 8951 section 3.1 has it ignored; clients of RFC 7030 may look for it.
    let encoding = (TRANSFER_ENCODING, "base64");
    ([(CONTENT_TYPE, media_type), encoding], text).into_response()
}

const TRANSFER_ENCODING: HeaderName = HeaderName::from_static("content-transfer-encoding");
const CERTS_ONLY: &str = "application/pkcs7-mime; smime-type=certs-only";
const PKCS7: &str = "application/pkcs7-mime";
const TEXT: &str = "text/plain; charset=utf-8";
