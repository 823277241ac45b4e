//! The audit log, the newest row first.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Html;
use pki_store::{AuditEvent, AuditRow};
use serde_json::Value;
use time::OffsetDateTime;

use crate::access::form::Query;
use crate::access::operator::Operator;
use crate::moment::moment;
use crate::refusal::ConsoleRefusal;
use crate::shared::Shared;
use crate::view::frame::{Frame, Tab};
use crate::view::link::{by_serial, link};
use crate::view::text::{shortened, shown};

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    frame: Frame,
    event: String,
    text: String,
    events: Vec<&'static str>,
    rows: Vec<LogRow>,
    newest: Option<String>,
    older: Option<String>,
    verification: String,
}

struct LogRow {
    seq: u64,
    at: String,
    event: String,
    actor: String,
    /// The serial number and where it leads.
    serial: Option<(String, String)>,
    /// Names and values.
    detail: Vec<(String, String)>,
}

pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    operator: Operator,
    Query(query): Query,
) -> Result<Html<String>, ConsoleRefusal> {
    let event = query.text("event", "event", MAX_SEARCH)?;
    let text = query.text("text", "text", MAX_SEARCH)?;
    let wanted = Wanted {
        ca: &shared.ca,
        event,
        text: text.to_lowercase(),
    };
    let before = query.position("before")?;
    let end = shared.store.audit_head().await?.seq;
    let before = before.and_then(|it| u64::try_from(it).ok());
    let (found, older) = read(&shared, &wanted, before.unwrap_or(u64::MAX).min(end + 1)).await?;
    let again = |before: &str| {
        let query = [("event", event), ("text", text), ("before", before)];
        link(&shared.base, "/audit", &query)
    };
    let page = AuditPage {
        frame: Frame::new(&shared, &operator, Tab::Audit),
        event: shown(event),
        text: shown(text),
        events: EVENTS.iter().map(|event| event.as_str()).collect(),
        rows: found
            .iter()
            .map(|row| LogRow::of(row, &shared.base))
            .collect(),
        newest: before.map(|_| again("")),
        older: older.map(|seq| again(&seq.to_string())),
        verification: link(&shared.base, "/audit/verification", &[]),
    };
    Ok(Html(page.to_string()))
}

/// Which rows are shown.
struct Wanted<'a> {
    ca: &'a str,
    event: &'a str,
    /// In lower case.
    text: String,
}

impl Wanted<'_> {
    /// Rows of other CAs of the store are not for the operators of this one.
    fn takes(&self, row: &AuditRow) -> bool {
        let of_ca = row.ca == self.ca || row.ca.is_empty();
        let of_event = self.event.is_empty() || row.event == self.event;
        let has = |text: &str| text.to_lowercase().contains(&self.text);
        let serial = row.serial.as_ref().map(ToString::to_string);
        let of_text = self.text.is_empty()
            || has(&row.actor)
            || has(&row.detail)
            || serial.is_some_and(|serial| has(&serial));
        of_ca && of_event && of_text
    }
}

/// The last rows in front of row `before`, and in front of which one to go on. Of a log in which little is wanted, no more
/// than a part is read for one page.
async fn read(
    shared: &Shared,
    wanted: &Wanted<'_>,
    mut before: u64,
) -> Result<(Vec<AuditRow>, Option<u64>), ConsoleRefusal> {
    let mut found = Vec::new();
    for _ in 0..READS {
        let after = before.saturating_sub(AT_ONCE + 1);
        let limit = u32::try_from(before.saturating_sub(after + 1)).unwrap_or_default();
        let mut rows = match limit {
            0 => Vec::new(),
            limit => shared.store.audit(after, limit).await?,
        };
        rows.retain(|row| row.seq < before);
        for row in rows.into_iter().rev() {
            if found.len() == ROWS {
                return Ok((found, Some(before)));
            }
            before = row.seq;
            if wanted.takes(&row) {
                found.push(row);
            }
        }
        if after == 0 {
            return Ok((found, None));
        }
        // Rows that somebody has taken out must not keep this from its end.
        before = before.min(after + 1);
    }
    Ok((found, Some(before)))
}

impl LogRow {
    fn of(row: &AuditRow, base: &str) -> Self {
        let serial = row.serial.as_ref().map(ToString::to_string);
        Self {
            seq: row.seq,
            at: moment(row.at),
            event: shown(&row.event),
            actor: shown(&row.actor),
            serial: serial.map(|serial| by_serial(base, serial)),
            detail: detail(&row.detail),
        }
    }
}

/// The fields of an object of JSON, or the text itself.
fn detail(text: &str) -> Vec<(String, String)> {
    let Ok(Value::Object(fields)) = serde_json::from_str(text) else {
        return vec![("detail".to_owned(), shortened(text, MAX_DETAIL))];
    };
    let mut fields: Vec<_> = fields
        .iter()
        .filter(|(_, value)| !is_empty(value))
        .collect();
    // What people read first, and hashes last.
    fields.sort_by_key(|(name, _)| match name.as_str() {
        "subject" => 0,
        "reason" => 1,
        "sans" | "names" => 2,
        name if name.contains("sha256") => 4,
        _ => 3,
    });
    let fields = fields.into_iter().take(MAX_FIELDS);
    fields
        .map(|(name, value)| {
            let value = in_words(name, value);
            let name = match name.as_str() {
                "sans" => "names",
                name => name,
            };
            (shown(&name.replace('_', " ")), value)
        })
        .collect()
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(values) => values.is_empty(),
        _ => false,
    }
}

/// A value as a person reads it: `dns:a, dns:b` for alternative names, a moment for a time, the beginning of a hash.
fn in_words(name: &str, value: &Value) -> String {
    let text = match value {
        Value::String(hash) if name.contains("sha256") && hash.is_ascii() && hash.len() > HASH => {
            format!("{}\u{2026}", hash.get(..HASH).unwrap_or_default())
        }
        Value::String(text) => text.clone(),
        Value::Number(number) if name.ends_with("_at") => {
            let at = number.as_i64().map(OffsetDateTime::from_unix_timestamp);
            match at {
                Some(Ok(at)) => moment(at),
                _ => number.to_string(),
            }
        }
        Value::Array(values) => {
            let words: Vec<_> = values.iter().map(|it| in_words("", it)).collect();
            words.join(", ")
        }
        Value::Object(fields) => match (fields.get("kind"), fields.get("value")) {
            (Some(Value::String(kind)), Some(Value::String(name))) => format!("{kind}:{name}"),
            _ => value.to_string(),
        },
        other => other.to_string(),
    };
    shortened(&text, MAX_DETAIL)
}

/// What is offered to filter by; any other word of the log can be typed.
const EVENTS: [AuditEvent; 27] = [
    AuditEvent::AcmeAccountCreated,
    AuditEvent::AcmeAccountChanged,
    AuditEvent::AcmeAuthorized,
    AuditEvent::AcmeKeyCreated,
    AuditEvent::AcmeKeyRevoked,
    AuditEvent::Approved,
    AuditEvent::CrlSigned,
    AuditEvent::Failed,
    AuditEvent::Imported,
    AuditEvent::Issued,
    AuditEvent::IssuerAdded,
    AuditEvent::IssuerChanged,
    AuditEvent::KeyBlocked,
    AuditEvent::LinkMade,
    AuditEvent::LinkUsed,
    AuditEvent::Refused,
    AuditEvent::RequestApproved,
    AuditEvent::RequestDenied,
    AuditEvent::RequestPending,
    AuditEvent::Restored,
    AuditEvent::Revoked,
    AuditEvent::TokenCreated,
    AuditEvent::TokenRevoked,
    AuditEvent::Unconfirmed,
    AuditEvent::UpstreamPending,
    AuditEvent::UpstreamRefused,
    AuditEvent::UpstreamRevoked,
];

/// Rows of a page.
const ROWS: usize = 50;

/// Rows that are read at once, and how often for one page.
const AT_ONCE: u64 = 500;
const READS: usize = 20;

const MAX_SEARCH: usize = 300;
const MAX_DETAIL: usize = 1000;
const MAX_FIELDS: usize = 20;

/// Digits of a hash that are shown.
const HASH: usize = 16;

#[cfg(test)]
mod tests {
    use super::detail;

    #[test]
    fn a_detail_is_read_by_people() {
        let hash = "ab".repeat(32);
        let text = format!(
            r#"{{"csr_sha256":"{hash}","uses":1,"expires_at":0,"names":[],"subject":"CN=a","more":null,
                "sans":[{{"kind":"dns","value":"a.example"}},{{"kind":"x","other":1}}]}}"#
        );
        let read = detail(&text);
        let read: Vec<_> = read
            .iter()
            .map(|(name, it)| (name.as_str(), it.as_str()))
            .collect();
        let expected = [
            ("subject", "CN=a"),
            ("names", "dns:a.example, {\"kind\":\"x\",\"other\":1}"),
            ("expires at", "1970-01-01 00:00:00 UTC"),
            ("uses", "1"),
            ("csr sha256", "abababababababab\u{2026}"),
        ];
        assert_eq!(read, expected);
        assert_eq!(detail("[1]"), [("detail".to_owned(), "[1]".to_owned())]);
    }
}
