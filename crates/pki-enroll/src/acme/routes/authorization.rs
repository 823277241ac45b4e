//! Authorizations and their challenges (RFC 8555 section 7.5).

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::header::{LINK, RETRY_AFTER};
use axum::response::{IntoResponse as _, Response};
use pki_store::{AcmeAccount, AcmeAuthorization, AcmeChallenge, AcmeState};
use serde::Deserialize;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;

use crate::acme::call::{Call, number};
use crate::acme::device;
use crate::acme::identifier::DEVICE_ATTEST_01;
use crate::acme::problem::Problem;
use crate::acme::service::Acme;

#[derive(Deserialize)]
struct Update {
    status: Option<String>,
}

pub(super) async fn authorization(
    State(acme): State<Acme>,
    Path((profile, id)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let mut call = Call::new(&acme, &profile, &request)?;
    let (account, _, signed) = call.by_account(request).await?;
    let mut authorization = own(&call, &account, &id).await?;
    if !signed.bytes().is_empty() {
        let asked: Update = signed.payload()?;
        if asked.status.as_deref() != Some("deactivated") {
            let detail = "an authorization's status can be changed to `deactivated` alone";
            return Err(Problem::malformed(detail));
        }
        let store = call.ca.store();
        store
            .deactivate_acme_authorization(authorization.id)
            .await?;
        authorization = own(&call, &account, &id).await?;
    }
    let challenges = authorization.challenges.iter();
    // Those that nobody has used are of no interest once it is proven or not.
    let at_end = authorization.state != AcmeState::Pending;
    let challenges = challenges.filter(|it| !at_end || it.state != AcmeState::Pending);
    let challenges: Vec<_> = challenges
        .map(|challenge| document(&call, &authorization, challenge))
        .collect();
    let body = Json(json!({
        "status": authorization.state.as_str(),
        "expires": authorization.expires_at.format(&Rfc3339).unwrap_or_default(),
        "identifier": authorization.identifier,
        "challenges": challenges,
    }));
    let mut response = body.into_response();
    if authorization.state == AcmeState::Pending {
        response.headers_mut().insert(RETRY_AFTER, 1.into());
    }
    Ok(response)
}

pub(super) async fn challenge(
    State(acme): State<Acme>,
    Path((profile, id, kind)): Path<(String, String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let mut call = Call::new(&acme, &profile, &request)?;
    let (account, _, signed) = call.by_account(request).await?;
    let mut authorization = own(&call, &account, &id).await?;
    let mut place = index(&authorization, &kind)?;
    let is_pending = authorization.challenges[place].state == AcmeState::Pending;
    if !signed.bytes().is_empty() && is_pending {
        call.counted().await?;
        let challenge = &authorization.challenges[place];
        if kind == DEVICE_ATTEST_01 {
            device::check(&call, &authorization, challenge, &signed).await?;
        } else {
            // RFC 8555 section 7.5.1: an empty object says that it is met.
            let _: serde_json::Map<String, Value> = signed.payload()?;
            let store = call.ca.store();
            if store
                .begin_acme_challenge(challenge.id, call.now, call.now)
                .await?
            {
                acme.0.wake.notify_one();
            }
        }
        authorization = own(&call, &account, &id).await?;
        place = index(&authorization, &kind)?;
    }
    let challenge = &authorization.challenges[place];
    let up = call.url(format!("authorization/{id}"));
    let headers = [(LINK, format!("<{up}>;rel=\"up\""))];
    let body = Json(document(&call, &authorization, challenge));
    let mut response = (headers, body).into_response();
    if challenge.state == AcmeState::Processing {
        response.headers_mut().insert(RETRY_AFTER, 1.into());
    }
    Ok(response)
}

fn index(authorization: &AcmeAuthorization, kind: &str) -> Result<usize, Problem> {
    let mut challenges = authorization.challenges.iter();
    let place = challenges.position(|it| it.kind == kind);
    place.ok_or_else(Problem::not_found)
}

/// An authorization of the account.
async fn own(call: &Call, account: &AcmeAccount, id: &str) -> Result<AcmeAuthorization, Problem> {
    let id = number(id).ok_or_else(Problem::not_found)?;
    let store = call.ca.store();
    let found = store
        .acme_authorization(call.ca.name(), id, call.now)
        .await?;
    found
        .filter(|it| it.account == account.id)
        .ok_or_else(Problem::not_found)
}

fn document(call: &Call, authorization: &AcmeAuthorization, challenge: &AcmeChallenge) -> Value {
    let rest = format!("challenge/{}/{}", authorization.id, challenge.kind);
    let mut document = json!({
        "type": challenge.kind,
        "url": call.url(rest),
        "status": challenge.state.as_str(),
        "token": challenge.token,
    });
    let Some(fields) = document.as_object_mut() else {
        return document;
    };
    if let Some(at) = challenge.validated_at {
        let at = at.format(&Rfc3339).unwrap_or_default();
        fields.insert("validated".into(), json!(at));
    }
    let problem = challenge.problem.as_deref();
    if let Some(problem) = problem.and_then(|it| serde_json::from_str::<Value>(it).ok()) {
        fields.insert("error".into(), problem);
    }
    document
}
