//! Revoking: what would go, and then that it goes.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use time::OffsetDateTime;

use super::selection::{KINDS, Selected, reason};
use crate::access::form::{Fields, Form, Query};
use crate::access::operator::Operator;
use crate::refusal::ConsoleRefusal;
use crate::shared::{Shared, now};
use crate::view::choice::Choice;
use crate::view::frame::{Frame, Tab};
use crate::view::link::link;
use crate::view::row::CertificateRow;

#[derive(Template)]
#[template(path = "revoke.html")]
struct RevokePage {
    frame: Frame,
    kinds: Vec<Choice>,
    by: String,
    value: String,
    problem: Option<String>,
    found: Option<DryRun>,
}

/// What would go.
struct DryRun {
    to_go: Listed,
    gone: Listed,
    /// Whether the operator's own certificate would go.
    is_own: bool,
    digest: String,
    reasons: Vec<Choice>,
    ticket: String,
}

/// Certificates, of which a page shows the first.
struct Listed {
    count: usize,
    rows: Vec<CertificateRow>,
}

/// Shows what a selection would revoke. Changes nothing.
pub(crate) async fn dry_run(
    State(shared): State<Arc<Shared>>,
    operator: Operator,
    Query(query): Query,
) -> Result<Response, ConsoleRefusal> {
    let now = now();
    match Selected::read(&shared, &query, now).await {
        Ok(selected) => page(&shared, &operator, &query, selected, None, now),
        Err(refusal @ ConsoleRefusal::Field { .. }) => {
            let problem = Some(refusal.sentence());
            let page = page(&shared, &operator, &query, None, problem, now)?;
            Ok((refusal.status(), page).into_response())
        }
        Err(refusal) => Err(refusal),
    }
}

/// Revokes what the page has shown. If something else would go by now, it shows that instead.
pub(crate) async fn revoke(
    State(shared): State<Arc<Shared>>,
    operator: Operator,
    form: Form,
) -> Result<Response, ConsoleRefusal> {
    let now = now();
    let fields = form.fields();
    let reason = reason(fields.get("reason"))?;
    let selected = Selected::read(&shared, fields, now).await?;
    let selected =
        selected.ok_or_else(|| ConsoleRefusal::field("value", "say which certificates"))?;
    let query = [("by", fields.get("by")), ("value", fields.get("value"))];
    let shows = Redirect::to(&link(&shared.base, "/revoke", &query));
    if selected.digest != fields.get("seen") {
        // The form was sent twice: the second time there is nothing left to do.
        if !selected.gone.is_empty() && selected.to_go.is_empty() {
            return Ok(shows.into_response());
        }
        let problem =
            "Other certificates would go than were shown, and nothing was revoked: look again.";
        let page = page(
            &shared,
            &operator,
            fields,
            Some(selected),
            Some(problem.into()),
            now,
        )?;
        return Ok((StatusCode::CONFLICT, page).into_response());
    }
    let (store, actor) = (&shared.store, operator.actor());
    store
        .revoke(&selected.selection, reason, actor, now)
        .await?;
    Ok(shows.into_response())
}

fn page(
    shared: &Shared,
    operator: &Operator,
    fields: &Fields,
    selected: Option<Selected>,
    problem: Option<String>,
    now: OffsetDateTime,
) -> Result<Response, ConsoleRefusal> {
    let found = match selected {
        Some(selected) => Some(DryRun {
            to_go: Listed::of(&selected.to_go, now),
            gone: Listed::of(&selected.gone, now),
            is_own: selected.to_go.iter().any(|record| {
                record.fingerprint_sha256.as_ref() == Some(operator.fingerprint_sha256())
            }),
            reasons: Choice::of(selected.reasons(), "unspecified"),
            digest: selected.digest,
            ticket: shared.ticket(operator.fingerprint_sha256(), now)?,
        }),
        None => None,
    };
    let page = RevokePage {
        frame: Frame::new(shared, operator, Tab::Certificates),
        kinds: Choice::of(KINDS, fields.get("by")),
        by: fields.get("by").to_owned(),
        value: fields.get("value").to_owned(),
        problem,
        found,
    };
    Ok(Html(page.to_string()).into_response())
}

impl Listed {
    fn of(records: &[pki_store::CertificateRecord], now: OffsetDateTime) -> Self {
        let shown = records.get(..SHOWN).unwrap_or(records);
        Self {
            count: records.len(),
            rows: CertificateRow::all(shown, now),
        }
    }

    fn more(&self) -> usize {
        self.count - self.rows.len()
    }
}

/// Certificates of a dry run that are shown one by one.
const SHOWN: usize = 500;
