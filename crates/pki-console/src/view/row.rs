//! A certificate in a list.

use pki_store::{CertificateRecord, RecordedName};
use time::OffsetDateTime;

use super::state::State;
use super::text::shown;
use crate::moment::{date, remaining};

/// A certificate in a list.
pub(crate) struct CertificateRow {
    pub(crate) id: i64,
    pub(crate) serial: String,
    /// Its subject, or its first name where that is empty.
    pub(crate) who: String,
    /// The first of its names, and how many more there are.
    pub(crate) names: String,
    pub(crate) profile: String,
    pub(crate) state: State,
    /// Why it was revoked, and when.
    pub(crate) revoked: Option<(String, &'static str)>,
    pub(crate) until: String,
    pub(crate) left: String,
}

impl CertificateRow {
    pub(crate) fn of(record: &CertificateRecord, now: OffsetDateTime) -> Self {
        Self {
            id: record.id,
            serial: record.serial.to_string(),
            who: who(&record.subject, &record.sans),
            names: some_of(&record.sans),
            profile: shown(&record.profile),
            state: record.state.into(),
            revoked: record
                .revoked
                .map(|(at, reason)| (date(at), reason.as_str())),
            until: date(record.not_after),
            left: remaining(record.not_after, now),
        }
    }

    pub(crate) fn all(records: &[CertificateRecord], now: OffsetDateTime) -> Vec<Self> {
        records.iter().map(|record| Self::of(record, now)).collect()
    }
}

/// A subject, or the first name where that is empty.
pub(crate) fn who(subject: &str, sans: &[RecordedName]) -> String {
    match (subject, sans.first()) {
        ("", Some(name)) => shown(&name.to_string()),
        ("", None) => "(no name)".to_owned(),
        (subject, _) => shown(subject),
    }
}

/// Alternative names, of which a page shows [`NAMES`].
pub(crate) fn names(sans: &[RecordedName]) -> Vec<String> {
    let names = sans.iter().take(NAMES);
    names.map(|name| shown(&name.to_string())).collect()
}

/// Alternative names that are shown: as many as a CSR may have.
pub(crate) const NAMES: usize = 100;

/// The first of some names, and how many more there are.
fn some_of(sans: &[RecordedName]) -> String {
    let Some(first) = sans.first() else {
        return String::new();
    };
    let first = shown(&first.to_string());
    match sans.len() - 1 {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}
