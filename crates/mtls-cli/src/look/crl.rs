//! A CRL, as it is shown.

use pki_core::Crl;
use serde::Serialize;
use time::OffsetDateTime;
use time::serde::rfc3339;

use crate::output::{Fields, date, moment, remaining};

/// What there is to say about a CRL.
#[derive(Debug, Serialize)]
pub(crate) struct CrlView {
    issuer: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u64>,
    #[serde(with = "rfc3339")]
    this_update: OffsetDateTime,
    #[serde(with = "rfc3339")]
    next_update: OffsetDateTime,
    distribution_points: Vec<String>,
    /// Why verifiers do not go by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    revoked: Vec<EntryView>,
}

/// A revoked certificate.
#[derive(Debug, Serialize)]
struct EntryView {
    serial: String,
    #[serde(with = "rfc3339")]
    revoked_at: OffsetDateTime,
    reason: String,
}

impl CrlView {
    pub(crate) fn of(crl: &Crl) -> Self {
        let issuer = crl.issuer().map(|name| name.to_string());
        Self {
            issuer: issuer.unwrap_or_else(|error| format!("(unreadable: {error})")),
            number: crl.number(),
            this_update: crl.this_update(),
            next_update: crl.next_update(),
            distribution_points: crl.distribution_point_urls(),
            problem: crl.problem().map(ToString::to_string),
            revoked: crl
                .entries()
                .map(|entry| EntryView {
                    serial: entry.serial.to_string(),
                    revoked_at: entry.date,
                    reason: entry.reason.to_string(),
                })
                .collect(),
        }
    }

    /// For people: the first few entries, and how many there are.
    pub(crate) fn fields(&self, now: OffsetDateTime) -> Fields {
        let due = remaining(self.next_update, now);
        let due = match self.next_update < now {
            true => format!("{}, OUT OF DATE {due}", moment(self.next_update)),
            false => format!("{}, {due}", moment(self.next_update)),
        };
        let mut fields = Fields::default();
        fields
            .add("issuer", &self.issuer)
            .add_all("number", self.number)
            .add("signed", moment(self.this_update))
            .add("next due", due)
            .add_all("for", &self.distribution_points)
            .add_all("problem", &self.problem)
            .add("revoked", self.revoked.len());
        let first = self.revoked.iter().take(SHOWN).map(|entry| {
            format!(
                "{}  {}  {}",
                entry.serial,
                date(entry.revoked_at),
                entry.reason
            )
        });
        fields.add_all("", first);
        if self.revoked.len() > SHOWN {
            fields.add("", "..., all of them with --json");
        }
        fields
    }
}

/// Entries that a person is shown.
const SHOWN: usize = 10;
