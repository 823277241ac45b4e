//! The list of requests that wait for approval.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Html;
use pki_store::{ApprovalRequest, Page};
use time::OffsetDateTime;

use crate::access::form::Query;
use crate::access::operator::Operator;
use crate::moment::{date, remaining};
use crate::refusal::ConsoleRefusal;
use crate::shared::{Shared, now};
use crate::view::frame::{Frame, Tab};
use crate::view::link::link;
use crate::view::part::part;
use crate::view::row::who;
use crate::view::state::State as Word;
use crate::view::text::shown;

#[derive(Template)]
#[template(path = "requests.html")]
struct RequestsPage {
    frame: Frame,
    /// Decided and expired ones, too.
    all: bool,
    rows: Vec<RequestRow>,
    next: Option<String>,
}

struct RequestRow {
    id: i64,
    who: String,
    profile: String,
    requester: String,
    state: Word,
    since: String,
    until: String,
    left: String,
}

pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    operator: Operator,
    Query(query): Query,
) -> Result<Html<String>, ConsoleRefusal> {
    let now = now();
    let all = query.get("all") == "yes";
    let from = query.position("from")?;
    // What waits longest comes first; of all of them, the newest.
    let mut requests = if all {
        let requests = shared
            .store
            .latest_approvals(&shared.ca, from, ROWS + 1, now);
        requests.await?
    } else {
        let page = Page {
            after: from.unwrap_or_default(),
            limit: ROWS + 1,
        };
        shared.store.approvals(&shared.ca, false, page, now).await?
    };
    let next = part(&mut requests, ROWS).map(|last| {
        let from = last.id.to_string();
        let all = if all { "yes" } else { "" };
        link(&shared.base, "/requests", &[("all", all), ("from", &from)])
    });
    let page = RequestsPage {
        frame: Frame::new(&shared, &operator, Tab::Requests),
        all,
        rows: requests.iter().map(|it| RequestRow::of(it, now)).collect(),
        next,
    };
    Ok(Html(page.to_string()))
}

impl RequestRow {
    fn of(request: &ApprovalRequest, now: OffsetDateTime) -> Self {
        Self {
            id: request.id,
            who: who(&request.subject, &request.sans),
            profile: shown(&request.profile),
            requester: shown(&request.requester),
            state: request.state.into(),
            since: date(request.asked_at),
            until: date(request.expires_at),
            left: remaining(request.expires_at, now),
        }
    }
}

/// Requests of a page.
const ROWS: u32 = 50;
