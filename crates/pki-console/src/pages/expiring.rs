//! What ends soon.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Html;
use pki_enroll::{Expiring, ExpiringKind};
use time::{Duration, OffsetDateTime};

use crate::access::form::Query;
use crate::access::operator::Operator;
use crate::moment::{date, remaining};
use crate::refusal::ConsoleRefusal;
use crate::shared::{Shared, now};
use crate::view::choice::Choice;
use crate::view::frame::{Frame, Tab};
use crate::view::link::by_serial;
use crate::view::text::shown;

#[derive(Template)]
#[template(path = "expiring.html")]
struct ExpiringPage {
    frame: Frame,
    within: Vec<Choice>,
    rows: Vec<ExpiringRow>,
    more: bool,
}

struct ExpiringRow {
    kind: &'static str,
    name: String,
    /// The serial number and where it leads.
    serial: Option<(String, String)>,
    until: String,
    left: String,
}

pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    operator: Operator,
    Query(query): Query,
) -> Result<Html<String>, ConsoleRefusal> {
    let now = now();
    let chosen = match query.get("within") {
        "" => "168",
        hours => hours,
    };
    let known = WITHIN.iter().find(|(value, ..)| *value == chosen);
    let unknown = || ConsoleRefusal::field("within", "choose one of the list");
    let (.., within) = known.ok_or_else(unknown)?;
    let _alone = shared.alone()?;
    let (store, ca) = (&shared.store, &shared.ca);
    let (found, more) = pki_enroll::expiring_first(store, ca, *within, now, SHOWN).await?;
    let page = ExpiringPage {
        frame: Frame::new(&shared, &operator, Tab::Expiring),
        within: Choice::of(WITHIN.map(|(value, title, _)| (value, title)), chosen),
        rows: found
            .iter()
            .map(|it| ExpiringRow::of(it, &shared.base, now))
            .collect(),
        more,
    };
    Ok(Html(page.to_string()))
}

impl ExpiringRow {
    fn of(found: &Expiring, base: &str, now: OffsetDateTime) -> Self {
        let serial = found.serial.as_ref();
        Self {
            kind: match found.kind {
                ExpiringKind::Ca => "CA",
                ExpiringKind::Crl => "CRL",
                ExpiringKind::Leaf => "certificate",
                ExpiringKind::Responder => "OCSP responder",
                _ => "other",
            },
            name: shown(&found.name),
            serial: serial.map(|serial| by_serial(base, serial)),
            until: date(found.not_after),
            left: remaining(found.not_after, now),
        }
    }
}

/// Hours: value, title, time.
const WITHIN: [(&str, &str, Duration); 5] = [
    ("24", "a day", Duration::DAY),
    ("168", "7 days", Duration::days(7)),
    ("720", "30 days", Duration::days(30)),
    ("2160", "90 days", Duration::days(90)),
    ("8760", "a year", Duration::days(365)),
];

/// Rows of a page.
const SHOWN: usize = 200;
