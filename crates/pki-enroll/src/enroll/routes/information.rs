//! What anybody may know: when to renew, the CA's certificates, and the description of the routes.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::response::{IntoResponse as _, Response};
use pki_core::presented;
use pki_store::{CertificateRecord, Filter, IssuerState, Page};
use serde::Serialize;
use time::{Duration, OffsetDateTime};
use x509_identity::SerialNumber;

use crate::enroll::refusal::Refusal;
use crate::enroll::response;
use crate::enroll::service::{self, Enrollment, EnrollmentCa};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RenewalInfo {
    suggested_window: Window,
}

/// The names are those of RFC 9773 section 4.2.
#[derive(Debug, Serialize)]
struct Window {
    #[serde(with = "time::serde::rfc3339")]
    start: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    end: OffsetDateTime,
}

pub(super) async fn renewal_info(
    State(service): State<Enrollment>,
    Path(serial): Path<String>,
) -> Result<Response, Refusal> {
    let serial: SerialNumber = serial.parse().map_err(|_| Refusal::NotFound)?;
    renewal_of(&service.ca(), serial, None, service::now()).await
}

/// When to renew the certificate with this number, and with this authority key identifier, if one is given.
pub(crate) async fn renewal_of(
    ca: &EnrollmentCa,
    serial: SerialNumber,
    authority_key_id: Option<&[u8]>,
    now: OffsetDateTime,
) -> Result<Response, Refusal> {
    let filter = Filter {
        ca: Some(ca.name().to_owned()),
        serial: Some(serial),
        ..Filter::default()
    };
    let found = ca
        .store()
        .certificates(&filter, Page::first(1), now)
        .await?;
    let record = found.into_iter().next().ok_or(Refusal::NotFound)?;
    let issuer = ca.store().issuer(record.issuer).await?;
    if authority_key_id.is_some() && authority_key_id != issuer.certificate().subject_key_id() {
        return Err(Refusal::NotFound);
    }
    let early = issuer.state != IssuerState::Active || record.revoked.is_some();
    let window = window(&record, early, now);
    // Often enough to be told in time, and no more than every 6 hours.
    let life = record.not_after - record.not_before;
    let pause = (life / 20_i32).clamp(Duration::seconds(10), Duration::hours(6));
    let body = Json(RenewalInfo {
        suggested_window: window,
    });
    let pause = pause.whole_seconds().to_string();
    Ok(([(RETRY_AFTER, pause)], body).into_response())
}

/// Two thirds of the validity period, and a tenth of that before and after. At once, where the issuer is being replaced
/// or the certificate is revoked.
fn window(record: &CertificateRecord, early: bool, now: OffsetDateTime) -> Window {
    let life = record.not_after - record.not_before;
    if early {
        let start = record.not_before.min(now);
        return Window { start, end: now };
    }
    Window {
        start: record.not_before + life * 0.6,
        end: record.not_before + life * (2.2 / 3.0),
    }
}

#[derive(Debug, Serialize)]
struct CaBody {
    roots: String,
    chain: String,
}

/// The roots, and the issuing CA with what is between it and them, as PEM.
pub(super) async fn ca(State(service): State<Enrollment>) -> Response {
    let ca = service.ca();
    let chain = ca.authority.authority().chain();
    let (issuing, above) = chain.split_at(usize::from(!chain.is_empty()));
    let chain = issuing.iter().flat_map(|issuing| presented(issuing, above));
    let body = CaBody {
        roots: response::pem(&ca.roots),
        chain: response::pem(chain),
    };
    Json(body).into_response()
}

pub(super) async fn openapi() -> Response {
    ([(CONTENT_TYPE, "application/json")], OPENAPI).into_response()
}

pub(super) const OPENAPI: &str = include_str!("openapi.json");
