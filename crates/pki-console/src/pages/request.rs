//! One request that waits for approval, and deciding about it.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{Html, Redirect};
use pki_store::{ApprovalRequest, ApprovalState, StoreError};

use super::id::Id;
use crate::access::form::Form;
use crate::access::operator::Operator;
use crate::moment::{moment, remaining};
use crate::refusal::ConsoleRefusal;
use crate::shared::{Shared, now};
use crate::view::frame::{Frame, Tab};
use crate::view::link::link;
use crate::view::row::{names, who};
use crate::view::state::State as Word;
use crate::view::text::{hex, sha256, shortened, shown};

#[derive(Template)]
#[template(path = "request.html")]
struct RequestPage {
    frame: Frame,
    id: i64,
    state: Word,
    who: String,
    subject: String,
    names: Vec<String>,
    profile: String,
    requester: String,
    asked: String,
    until: String,
    spki: String,
    csr: String,
    decided: Option<(String, String)>,
    reason: Option<String>,
    /// For the forms, while it is not decided.
    ticket: Option<String>,
}

pub(crate) async fn page(
    State(shared): State<Arc<Shared>>,
    operator: Operator,
    Id(id): Id,
) -> Result<Html<String>, ConsoleRefusal> {
    let now = now();
    let request = find(&shared, id).await?;
    let ticket = match request.state {
        ApprovalState::Pending => Some(shared.ticket(operator.fingerprint_sha256(), now)?),
        _ => None,
    };
    let decided = request.decided.as_ref();
    let page = RequestPage {
        frame: Frame::new(&shared, &operator, Tab::Requests),
        id,
        state: request.state.into(),
        who: who(&request.subject, &request.sans),
        subject: shown(&request.subject),
        names: names(&request.sans),
        profile: shown(&request.profile),
        requester: shown(&request.requester),
        asked: moment(request.asked_at),
        until: format!(
            "{}, {}",
            moment(request.expires_at),
            remaining(request.expires_at, now)
        ),
        spki: hex(&request.spki_sha256),
        csr: hex(&request.csr_sha256),
        decided: decided.map(|(by, at)| (shown(by), moment(*at))),
        reason: request
            .reason
            .as_deref()
            .map(|reason| shortened(reason, MAX_REASON)),
        ticket,
    };
    Ok(Html(page.to_string()))
}

pub(crate) async fn approve(
    State(shared): State<Arc<Shared>>,
    operator: Operator,
    Id(id): Id,
    form: Form,
) -> Result<Redirect, ConsoleRefusal> {
    let seen = seen(&form)?;
    let decided = shared
        .store
        .approve(&shared.ca, id, seen, operator.actor(), now());
    decision(
        &shared,
        &operator,
        id,
        ApprovalState::Approved,
        decided.await,
    )
    .await
}

pub(crate) async fn deny(
    State(shared): State<Arc<Shared>>,
    operator: Operator,
    Id(id): Id,
    form: Form,
) -> Result<Redirect, ConsoleRefusal> {
    let seen = seen(&form)?;
    let reason = form.fields().text("reason", "reason", MAX_REASON)?;
    if reason.is_empty() {
        let why = "say why: whoever asked is told";
        return Err(ConsoleRefusal::field("reason", why));
    }
    let actor = operator.actor();
    let decided = shared
        .store
        .deny(&shared.ca, id, seen, reason, actor, now());
    decision(&shared, &operator, id, ApprovalState::Denied, decided.await).await
}

/// The SHA-256 of the CSR that the page has shown.
fn seen(form: &Form) -> Result<[u8; 32], ConsoleRefusal> {
    let seen = sha256(form.fields().get("csr"));
    seen.ok_or_else(|| ConsoleRefusal::field("form", "it does not say which CSR was shown"))
}

/// Leads back to the request. A form that was sent twice has decided once, and that is well.
async fn decision(
    shared: &Shared,
    operator: &Operator,
    id: i64,
    wanted: ApprovalState,
    decided: Result<ApprovalRequest, StoreError>,
) -> Result<Redirect, ConsoleRefusal> {
    if let Err(error) = decided {
        let request = find(shared, id).await?;
        let by = request.decided.as_ref().map(|(by, _)| by.as_str());
        if request.state != wanted || by != Some(operator.actor().as_str()) {
            return Err(error.into());
        }
    }
    let path = format!("/requests/{id}");
    Ok(Redirect::to(&link(&shared.base, &path, &[])))
}

async fn find(shared: &Shared, id: i64) -> Result<ApprovalRequest, ConsoleRefusal> {
    let found = shared.store.approval(&shared.ca, id, now()).await?;
    found.ok_or(ConsoleRefusal::NotFound { what: "request" })
}

/// Bytes of a reason.
const MAX_REASON: usize = 1000;
