//! Another key for an account (RFC 8555 section 7.3.5).

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use pki_store::AcmeAccountChange;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::acme::call::Call;
use crate::acme::jose::{Jwk, Jws, KeyReference};
use crate::acme::problem::Problem;
use crate::acme::service::Acme;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct KeyChange {
    account: String,
    pub(super) old_key: Box<RawValue>,
}

pub(super) async fn key_change(
    State(acme): State<Acme>,
    Path(profile): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let mut call = Call::new(&acme, &profile, &request)?;
    let answer = change(&mut call, request).await;
    call.recorded(answer, "change of an ACME account's key")
        .await
}

async fn change(call: &mut Call, request: Request) -> Result<Response, Problem> {
    let (account, old, signed) = call.by_account(request).await?;
    call.counted().await?;
    let inner = Jws::read(signed.bytes())?;
    let KeyReference::Jwk(new) = &inner.header.key else {
        return Err(Problem::malformed("the new key signs with `jwk`"));
    };
    if inner.header.nonce.is_some() || inner.header.url != signed.url {
        let detail = "what the new key signs has the URL of the request, and no nonce";
        return Err(Problem::malformed(detail));
    }
    let new = new.clone();
    let payload = inner.verified(&new)?;
    let asked: KeyChange = serde_json::from_slice(&payload)
        .map_err(|error| Problem::malformed(format!("the key change cannot be read: {error}")))?;
    if asked.account != call.url(format!("account/{}", account.id)) {
        return Err(Problem::malformed("the key change is of another account"));
    }
    if Jwk::from_json(asked.old_key.get())? != old {
        return Err(Problem::malformed("`oldKey` is not the key of the account"));
    }
    let store = call.ca.store();
    let thumbprint = new.thumbprint();
    if let Some(other) = store.acme_account_of(call.ca.name(), thumbprint).await? {
        let problem = Problem::malformed("there is an account with the new key already");
        let url = call.url(format!("account/{}", other.id));
        return Err(problem.with_status(StatusCode::CONFLICT).at(url));
    }
    let key = AcmeAccountChange::Key {
        before: old.thumbprint(),
        thumbprint,
        jwk: new.canonical(),
    };
    let (ca, actor) = (call.ca.name(), &call.actor);
    let changed = store
        .change_acme_account(ca, account.id, key, actor, call.now)
        .await?;
    if changed.thumbprint != thumbprint {
        return Err(Problem::unauthorized("the account was ended meanwhile"));
    }
    Ok(StatusCode::OK.into_response())
}
