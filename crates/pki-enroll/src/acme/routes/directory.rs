//! The directory, and new nonces (RFC 8555 sections 7.1.1 and 7.2).

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use crate::acme::call::Call;
use crate::acme::problem::Problem;
use crate::acme::service::Acme;

pub(super) async fn of_servers(state: State<Acme>, request: Request) -> Result<Response, Problem> {
    directory(state, Path(SERVERS.to_owned()), request).await
}

pub(super) async fn directory(
    State(acme): State<Acme>,
    Path(profile): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let call = Call::new(&acme, &profile, &request)?;
    let directory = json!({
        "newNonce": call.url("new-nonce"),
        "newAccount": call.url("new-account"),
        "newOrder": call.url("new-order"),
        "revokeCert": call.url("revoke-cert"),
        "keyChange": call.url("key-change"),
        "renewalInfo": call.url("renewal-info"),
        "meta": { "externalAccountRequired": acme.needs_binding(&profile) },
    });
    Ok(Json(directory).into_response())
}

/// The nonce is added to each response.
pub(super) async fn new_nonce(method: Method) -> StatusCode {
    match method {
        Method::HEAD => StatusCode::OK,
        _ => StatusCode::NO_CONTENT,
    }
}

/// The profile of `/acme/directory`.
const SERVERS: &str = "server";
