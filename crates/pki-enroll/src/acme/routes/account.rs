//! Accounts (RFC 8555 sections 7.3 and 7.1.2).

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::header::{LINK, LOCATION};
use axum::response::{AppendHeaders, IntoResponse as _, Response};
use pki_store::{AcmeAccount, AcmeAccountChange, AcmeAccountState, NewAcmeAccount, Page};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use crate::acme::call::{Call, Signed, Signer, number};
use crate::acme::jose::{Binding, Jwk};
use crate::acme::problem::{Kind, Problem};
use crate::acme::service::Acme;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewAccount {
    pub(super) contact: Option<Vec<String>>,
    #[serde(default)]
    only_return_existing: bool,
    pub(super) external_account_binding: Option<Box<RawValue>>,
}

pub(super) async fn new_account(
    State(acme): State<Acme>,
    Path(profile): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let mut call = Call::new(&acme, &profile, &request)?;
    let answer = make(&mut call, request).await;
    call.recorded(answer, "new ACME account").await
}

async fn make(call: &mut Call, request: Request) -> Result<Response, Problem> {
    let (Signer::Key(jwk), signed) = call.signed(request).await? else {
        return Err(Problem::malformed("a new account is asked for with `jwk`"));
    };
    let asked: NewAccount = signed.payload()?;
    let thumbprint = jwk.thumbprint();
    let (ca, store) = (call.ca.name(), call.ca.store());
    if let Some(account) = store.acme_account_of(ca, thumbprint).await? {
        return match account.state {
            AcmeAccountState::Valid => Ok(answer(call, &account, StatusCode::OK)),
            state => Err(Problem::unauthorized(format!(
                "the account of this key is {}",
                state.as_str()
            ))),
        };
    }
    if asked.only_return_existing {
        let detail = "there is no account with this key";
        return Err(Problem::new(Kind::AccountDoesNotExist, detail));
    }
    let contacts = contacts(asked.contact)?;
    let key = binding(
        call,
        &signed,
        &jwk,
        asked.external_account_binding.as_deref(),
    )
    .await?;
    let account = NewAcmeAccount {
        ca: ca.to_owned(),
        thumbprint,
        jwk: jwk.canonical(),
        contacts,
        key,
    };
    let made = store.create_acme_account(account, &call.actor, call.now);
    Ok(answer(call, &made.await?, StatusCode::CREATED))
}

/// The number of the key of the external account binding.
async fn binding(
    call: &Call,
    signed: &Signed,
    jwk: &Jwk,
    binding: Option<&RawValue>,
) -> Result<Option<i64>, Problem> {
    let Some(binding) = binding else {
        if call.acme.needs_binding(&call.profile) {
            let detail = "an account needs an external account binding: ask the operator of the CA for a key";
            return Err(Problem::new(Kind::ExternalAccountRequired, detail));
        }
        return Ok(None);
    };
    let binding = Binding::read(binding.get().as_bytes(), &signed.url)?;
    let found = call.ca.store().acme_key(call.ca.name(), binding.kid());
    let unknown = || Problem::unauthorized("the CA does not know this external account key");
    let (key, mac) = found.await?.ok_or_else(unknown)?;
    binding.verify(&mac, jwk)?;
    Ok(Some(key.id))
}

#[derive(Deserialize)]
struct Update {
    contact: Option<Vec<String>>,
    status: Option<String>,
}

pub(super) async fn account(
    State(acme): State<Acme>,
    Path((profile, id)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let mut call = Call::new(&acme, &profile, &request)?;
    let (account, signed) = own(&mut call, &id, request).await?;
    if signed.bytes().is_empty() {
        return Ok(answer(&call, &account, StatusCode::OK));
    }
    let asked: Update = signed.payload()?;
    let change = match (asked.status.as_deref(), asked.contact) {
        (Some("deactivated"), _) => AcmeAccountChange::Deactivate,
        (None, Some(contact)) => AcmeAccountChange::Contacts(contacts(Some(contact))?),
        (None, None) => return Ok(answer(&call, &account, StatusCode::OK)),
        (Some(_), _) => {
            let detail = "an account's status can be changed to `deactivated` alone";
            return Err(Problem::malformed(detail));
        }
    };
    let store = call.ca.store();
    let changed =
        store.change_acme_account(call.ca.name(), account.id, change, &call.actor, call.now);
    Ok(answer(&call, &changed.await?, StatusCode::OK))
}

/// The account of the URL, which has to be that of the signature.
async fn own(
    call: &mut Call,
    id: &str,
    request: Request,
) -> Result<(AcmeAccount, Signed), Problem> {
    let (account, _, signed) = call.by_account(request).await?;
    match account.id.to_string() == id {
        true => Ok((account, signed)),
        false => Err(Problem::unauthorized(
            "this is the account of somebody else",
        )),
    }
}

pub(super) async fn orders(
    State(acme): State<Acme>,
    Path((profile, id)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let mut call = Call::new(&acme, &profile, &request)?;
    let after = request.uri().query();
    let after = after.and_then(|query| number(query.strip_prefix("after=")?));
    let (account, signed) = own(&mut call, &id, request).await?;
    signed.only_reads()?;
    let page = Page {
        after: after.unwrap_or_default(),
        ..Page::default()
    };
    let orders = call.ca.store().acme_orders(account.id, page, call.now);
    let orders = orders.await?;
    let urls: Vec<_> = orders
        .iter()
        .map(|id| call.url(format!("order/{id}")))
        .collect();
    let next = orders
        .last()
        .filter(|_| orders.len() == page.limit as usize)
        .map(|last| {
            let url = call.url(format!("account/{id}/orders?after={last}"));
            (LINK, format!("<{url}>;rel=\"next\""))
        });
    let body = Json(json!({ "orders": urls }));
    Ok((AppendHeaders(next), body).into_response())
}

fn answer(call: &Call, account: &AcmeAccount, status: StatusCode) -> Response {
    let url = call.url(format!("account/{}", account.id));
    let body = Json(json!({
        "status": account.state.as_str(),
        "contact": account.contacts,
        "orders": format!("{url}/orders"),
    }));
    (status, [(LOCATION, url)], body).into_response()
}

/// At most ten mailboxes.
pub(super) fn contacts(contacts: Option<Vec<String>>) -> Result<Vec<String>, Problem> {
    let contacts = contacts.unwrap_or_default();
    let plain = |it: &String| {
        it.len() <= 300
            && it
                .strip_prefix("mailto:")
                .is_some_and(|rest| rest.contains('@') && !rest.contains([',', '?']))
            && !it.chars().any(char::is_control)
    };
    match contacts.len() <= 10 && contacts.iter().all(plain) {
        true => Ok(contacts),
        false => Err(Problem::new(
            Kind::UnsupportedContact,
            "contacts are at most ten of the form mailto:name@example.org",
        )),
    }
}
