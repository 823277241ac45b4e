//! `POST /v1/renew` and `/v1/revoke`: what the holder of a certificate may do with it.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Extensions, HeaderMap};
use axum::response::{IntoResponse as _, Response};
use pki_core::verify::RevocationReason;
use pki_store::{Selection, Selector};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::enroll::body::{self, CsrBody};
use crate::enroll::holder::{Asked, Holder};
use crate::enroll::refusal::Refusal;
use crate::enroll::service::Enrollment;
use crate::enroll::{issuing, response};

pub(super) async fn renew(
    State(service): State<Enrollment>,
    extensions: Extensions,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let asked = Asked::new(service, &extensions, "renew");
    let answer = renewed(&asked, &headers, body).await;
    asked.recorded(answer).await
}

async fn renewed(asked: &Asked, headers: &HeaderMap, body: Body) -> Result<Response, Refusal> {
    asked.presented()?;
    let key = body::idempotency_key(headers)?;
    let body: CsrBody = body_of(asked, headers, body).await?;
    let csr = body.csr()?;
    // A body takes its time, in which the certificate may have been revoked.
    let holder = asked.renewing().await?;
    let (wanted, evidence) = (body.profile.as_deref(), body.attestation.as_ref());
    let outcome = issuing::renew(&holder, &csr, key, wanted, evidence, asked.now).await?;
    Ok(response::outcome(outcome, &holder.ca.roots, asked.now))
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
    let asked = Asked::new(service, &extensions, "revoke");
    let answer = revoked(&asked, &headers, body).await;
    asked.recorded(answer).await
}

async fn revoked(asked: &Asked, headers: &HeaderMap, body: Body) -> Result<Response, Refusal> {
    let Holder {
        ca,
        client,
        requester,
        record,
    } = asked.holder().await?;
    let body: RevokeBody = body_of(asked, headers, body).await?;
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
    let revoked = store
        .revoke(&selection, reason, &requester, asked.now)
        .await?;
    let before = record.revoked.map(|(at, _)| at);
    let at = revoked.first().and_then(|it| it.revoked).map(|(at, _)| at);
    let body = RevokedBody {
        status: "revoked",
        serial: record.serial.to_string(),
        revoked_at: at.or(before).unwrap_or(asked.now),
    };
    Ok(Json(body).into_response())
}

async fn body_of<T: DeserializeOwned>(
    asked: &Asked,
    headers: &HeaderMap,
    body: Body,
) -> Result<T, Refusal> {
    body::json(headers, body, asked.service.0.limits.body).await
}
