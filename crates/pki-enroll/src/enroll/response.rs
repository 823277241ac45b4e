//! What a client gets.

use axum::Json;
use axum::http::header::{LOCATION, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use pki_store::{ApprovalRequest, IssuedRecord};
use serde::Serialize;
use time::OffsetDateTime;
use x509_identity::Certificate;

use super::issuing::Outcome;

/// A certificate that was issued.
#[derive(Debug, Serialize)]
struct IssuedBody<'a> {
    status: &'static str,
    serial: String,
    profile: &'a str,
    #[serde(with = "time::serde::rfc3339")]
    not_before: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    not_after: OffsetDateTime,
    certificate: &'a str,
    chain: String,
    roots: String,
}

fn issued(issued: &IssuedRecord, roots: &[Certificate]) -> Response {
    let body = IssuedBody {
        status: "issued",
        serial: issued.record.serial.to_string(),
        profile: &issued.record.profile,
        not_before: issued.record.not_before,
        not_after: issued.record.not_after,
        certificate: issued.certificate.pem(),
        chain: issued.chain_pem(),
        roots: pem(roots),
    };
    (StatusCode::CREATED, Json(body)).into_response()
}

/// What became of a request.
pub(crate) fn outcome(outcome: Outcome, roots: &[Certificate], now: OffsetDateTime) -> Response {
    match outcome {
        Outcome::Issued(record) => issued(&record, roots),
        Outcome::Pending(request) => pending(
            request.id.to_string(),
            Some(request.expires_at),
            retry_after(&request, now),
        ),
        Outcome::Upstream { id, retry_after } => {
            pending(format!("{UPSTREAM}{id}"), None, retry_after)
        }
    }
}

/// A request that waits.
#[derive(Debug, Serialize)]
struct PendingBody {
    status: &'static str,
    id: String,
    /// None for what an upstream CA has to decide about.
    #[serde(
        with = "time::serde::rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    expires_at: Option<OffsetDateTime>,
}

/// Who asks comes back with this id.
fn pending(id: String, expires_at: Option<OffsetDateTime>, retry_after: u64) -> Response {
    let location = HeaderValue::try_from(format!("/v1/requests/{id}"));
    let body = PendingBody {
        status: "pending",
        id,
        expires_at,
    };
    let mut response = (StatusCode::ACCEPTED, Json(body)).into_response();
    let headers = response.headers_mut();
    headers.insert(RETRY_AFTER, HeaderValue::from(retry_after));
    headers.extend(location.ok().map(|location| (LOCATION, location)));
    response
}

/// In seconds: 2 at first, and a minute in the end, since a person decides at once, or takes hours.
pub(crate) fn retry_after(request: &ApprovalRequest, now: OffsetDateTime) -> u64 {
    let age = (now - request.asked_at).whole_seconds();
    (age / 4).clamp(2, 60).unsigned_abs()
}

/// Certificates as one PEM file.
pub(crate) fn pem<'a>(certificates: impl IntoIterator<Item = &'a Certificate>) -> String {
    certificates.into_iter().map(Certificate::pem).collect()
}

/// What the ids of requests begin with that an upstream CA has to decide about.
pub(crate) const UPSTREAM: char = 'u';
