//! What a client gets.

use axum::Json;
use axum::http::header::{LOCATION, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use pki_core::certificate_pem;
use pki_store::{ApprovalRequest, IssuedRecord};
use serde::Serialize;
use time::OffsetDateTime;
use x509_identity::Certificate;

/// A certificate that was issued.
#[derive(Debug, Serialize)]
struct IssuedBody {
    status: &'static str,
    serial: String,
    profile: String,
    #[serde(with = "time::serde::rfc3339")]
    not_before: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    not_after: OffsetDateTime,
    certificate: String,
    chain: String,
    roots: String,
}

/// A request that waits.
#[derive(Debug, Serialize)]
struct PendingBody {
    status: &'static str,
    id: String,
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
}

pub(crate) fn issued(issued: &IssuedRecord, roots: &[Certificate]) -> Response {
    let body = IssuedBody {
        status: "issued",
        serial: issued.record.serial.to_string(),
        profile: issued.record.profile.clone(),
        not_before: issued.record.not_before,
        not_after: issued.record.not_after,
        certificate: issued.pem(),
        chain: issued.chain_pem(),
        roots: pem(roots),
    };
    (StatusCode::CREATED, Json(body)).into_response()
}

/// Asked again after 2 s at first, and after a minute in the end: a person decides at once, or takes hours.
pub(crate) fn pending(request: &ApprovalRequest, now: OffsetDateTime) -> Response {
    let body = PendingBody {
        status: "pending",
        id: request.id.to_string(),
        expires_at: request.expires_at,
    };
    let mut response = (StatusCode::ACCEPTED, Json(body)).into_response();
    let headers = response.headers_mut();
    let age = (now - request.asked_at).whole_seconds();
    headers.insert(RETRY_AFTER, HeaderValue::from((age / 4).clamp(2, 60)));
    let location = HeaderValue::try_from(format!("/v1/requests/{}", request.id));
    headers.extend(location.ok().map(|location| (LOCATION, location)));
    response
}

/// Certificates as one PEM file.
pub(crate) fn pem<'a>(certificates: impl IntoIterator<Item = &'a Certificate>) -> String {
    certificates.into_iter().map(certificate_pem).collect()
}
