//! `POST /v1/renew` and `/v1/revoke`: what the holder of a certificate may do with it.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Extensions, HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use mtls_server::ClientCert;
use pki_core::verify::RevocationReason;
use pki_store::{
    Actor, CertificateRecord, CertificateState, Filter, Order, Page, Selection, Selector,
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::enroll::body::{self, CsrBody};
use crate::enroll::names;
use crate::enroll::refusal::Refusal;
use crate::enroll::response;
use crate::enroll::service::{self, Enrollment, EnrollmentCa, idempotency};

pub(super) async fn renew(
    State(service): State<Enrollment>,
    extensions: Extensions,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let now = service::now();
    let client = client(&extensions);
    let answer = async {
        let client = client.as_ref().ok_or(Refusal::CertificateRequired)?;
        renewed(&service, client, &headers, body, now).await
    };
    recorded(&service, answer.await, "renew", client.as_ref(), now).await
}

async fn renewed(
    service: &Enrollment,
    client: &ClientCert,
    headers: &HeaderMap,
    body: Body,
    now: OffsetDateTime,
) -> Result<Response, Refusal> {
    let ca = service.ca();
    let requester = requester(client);
    service.0.rates.requester(requester.as_str())?;
    let record = record(&ca, client, now).await?;
    if record.state != CertificateState::Valid {
        return Err(Refusal::CertificateNotValid(record.state.as_str()));
    }
    let key = body::idempotency_key(headers)?;
    let body: CsrBody = body::json(headers, body, service.0.limits.body).await?;
    if let Some(wanted) = body.profile.as_ref().filter(|it| **it != record.profile) {
        return Err(Refusal::Profile(wanted.clone()));
    }
    let csr = body.csr()?;
    let parameters = names::renewed(&csr, client.certificate())?;
    let profile = ca.profile(&record.profile)?;
    let idempotency = idempotency(&requester, key, &record.profile, &csr);
    let order = Order::new(parameters, &profile.profile, &record.profile, requester)
        .replaces(record.serial)
        .idempotency(idempotency);
    let issued = ca.authority.issue(order, now).await?;
    Ok(response::issued(StatusCode::CREATED, &issued, &ca.roots))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RevokeBody {
    #[serde(default)]
    reason: Reason,
}

/// The reasons that the holder of a certificate can know.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Reason {
    #[default]
    Unspecified,
    KeyCompromise,
    AffiliationChanged,
    Superseded,
    CessationOfOperation,
}

#[derive(Debug, Serialize)]
struct RevokedBody {
    status: &'static str,
    serial: String,
    #[serde(with = "time::serde::rfc3339")]
    revoked_at: OffsetDateTime,
}

pub(super) async fn revoke(
    State(service): State<Enrollment>,
    extensions: Extensions,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let now = service::now();
    let client = client(&extensions);
    let answer = async {
        let client = client.as_ref().ok_or(Refusal::CertificateRequired)?;
        revoked(&service, client, &headers, body, now).await
    };
    recorded(&service, answer.await, "revoke", client.as_ref(), now).await
}

async fn revoked(
    service: &Enrollment,
    client: &ClientCert,
    headers: &HeaderMap,
    body: Body,
    now: OffsetDateTime,
) -> Result<Response, Refusal> {
    let ca = service.ca();
    let requester = requester(client);
    service.0.rates.requester(requester.as_str())?;
    let record = record(&ca, client, now).await?;
    let body: RevokeBody = body::json(headers, body, service.0.limits.body).await?;
    let reason = match body.reason {
        Reason::Unspecified => RevocationReason::Unspecified,
        Reason::KeyCompromise => RevocationReason::KeyCompromise,
        Reason::AffiliationChanged => RevocationReason::AffiliationChanged,
        Reason::Superseded => RevocationReason::Superseded,
        Reason::CessationOfOperation => RevocationReason::CessationOfOperation,
    };
    let selector = Selector::Fingerprint(*client.fingerprint_sha256());
    let selection = Selection::of(ca.name(), selector);
    // None if it was revoked before: then this is the answer to a request that was made again.
    let store = ca.store();
    let revoked = store.revoke(&selection, reason, &requester, now).await?;
    let before = record.revoked.map(|(at, _)| at);
    let at = revoked.first().and_then(|it| it.revoked).map(|(at, _)| at);
    let body = RevokedBody {
        status: "revoked",
        serial: record.serial.to_string(),
        revoked_at: at.or(before).unwrap_or(now),
    };
    Ok(Json(body).into_response())
}

/// The certificate of the connection. None, too, where the router is not served by `mtls_server`.
fn client(extensions: &Extensions) -> Option<ClientCert> {
    ClientCert::from_extensions(extensions).ok()
}

fn requester(client: &ClientCert) -> Actor {
    Actor::new(format!("certificate:{}", client.serial()))
}

/// What the store knows about the certificate. The trust anchors of the connection may be those of more CAs than one.
async fn record(
    ca: &EnrollmentCa,
    client: &ClientCert,
    now: OffsetDateTime,
) -> Result<CertificateRecord, Refusal> {
    let filter = Filter {
        ca: Some(ca.name().to_owned()),
        fingerprint_sha256: Some(*client.fingerprint_sha256()),
        ..Filter::default()
    };
    let found = ca
        .store()
        .certificates(&filter, Page::first(1), now)
        .await?;
    let found = found.into_iter().next();
    found.ok_or(Refusal::CertificateNotValid("it is not of this CA"))
}

async fn recorded(
    service: &Enrollment,
    answer: Result<Response, Refusal>,
    what: &str,
    client: Option<&ClientCert>,
    now: OffsetDateTime,
) -> Result<Response, Refusal> {
    let refusal = match answer {
        Ok(response) => return Ok(response),
        Err(refusal) => refusal,
    };
    let (what, actor) = match client {
        Some(client) => (format!("{what} {}", client.subject()), requester(client)),
        None => (what.to_owned(), Actor::new("enroll")),
    };
    Err(service.refused(refusal, &what, &actor, now).await)
}
