//! `POST /v1/challenges`.

use std::net::SocketAddr;

use axum::Json;
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::{Extensions, HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pki_store::ChallengePurpose;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::attest::challenges::{CHALLENGE_LIFE, new_challenge};
use crate::enroll::body;
use crate::enroll::refusal::Refusal;
use crate::enroll::service::{self, Enrollment};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ChallengeRequest {
    purpose: ChallengePurpose,
}

#[derive(Debug, Serialize)]
struct ChallengeBody {
    challenge: String,
    purpose: ChallengePurpose,
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
}

/// Whoever asks gets one: it proves nothing by itself.
pub(super) async fn challenge(
    State(service): State<Enrollment>,
    extensions: Extensions,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    if let Some(ConnectInfo(peer)) = extensions.get::<ConnectInfo<SocketAddr>>()
        && let Err(excess) = service.0.rates.challenge(peer.ip())
    {
        let ca = service.ca();
        return Err(ca.too_many_from(excess, "challenges", peer.ip()).await);
    }
    let request: ChallengeRequest = body::json(&headers, body, service.0.limits.body).await?;
    let (ca, now) = (service.ca(), service::now());
    let (challenge, expires_at) = (new_challenge()?, now + CHALLENGE_LIFE);
    let purpose = request.purpose;
    let store = ca.store();
    store
        .create_challenge(ca.name(), &challenge, purpose, expires_at, now)
        .await?;
    let body = ChallengeBody {
        challenge: STANDARD.encode(challenge.as_bytes()),
        purpose,
        expires_at,
    };
    Ok((StatusCode::CREATED, Json(body)).into_response())
}
