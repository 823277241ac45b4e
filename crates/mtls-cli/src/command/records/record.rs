//! Certificates of the store, as they are listed.

use pki_store::{CertificateRecord, RecordedName};
use serde::Serialize;
use time::OffsetDateTime;

use crate::output::{date, hex, table};

/// A certificate of the store.
#[derive(Debug, Serialize)]
pub(crate) struct RecordView {
    pub(crate) serial: String,
    pub(crate) ca: String,
    pub(crate) profile: String,
    pub(crate) subject: String,
    pub(crate) sans: Vec<RecordedName>,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) not_before: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) not_after: OffsetDateTime,
    pub(crate) state: &'static str,
    pub(crate) reason: Option<String>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub(crate) revoked_at: Option<OffsetDateTime>,
    pub(crate) spki_sha256: Option<String>,
    pub(crate) fingerprint_sha256: Option<String>,
    pub(crate) lineage: String,
}

impl RecordView {
    pub(crate) fn of(record: &CertificateRecord) -> Self {
        let revoked = record.revoked;
        Self {
            serial: record.serial.to_string(),
            ca: record.ca.clone(),
            profile: record.profile.clone(),
            subject: record.subject.clone(),
            sans: record.sans.clone(),
            not_before: record.not_before,
            not_after: record.not_after,
            state: record.state.as_str(),
            reason: revoked.map(|(_, reason)| reason.to_string()),
            revoked_at: revoked.map(|(at, _)| at),
            spki_sha256: record.spki_sha256.as_ref().map(|hash| hex(hash)),
            fingerprint_sha256: record.fingerprint_sha256.as_ref().map(|hash| hex(hash)),
            lineage: hex(&record.lineage),
        }
    }

    pub(crate) fn all(records: &[CertificateRecord]) -> Vec<Self> {
        records.iter().map(Self::of).collect()
    }

    /// Whom it names: its subject, or its first name where that is empty.
    pub(crate) fn who(&self) -> String {
        let first = self.sans.first();
        match (self.subject.as_str(), first) {
            ("", Some(name)) => name.to_string(),
            (subject, _) => subject.to_owned(),
        }
    }
}

/// A table for people.
pub(crate) fn records_table(records: &[RecordView]) -> String {
    let rows = records.iter().map(|record| {
        let state = match &record.reason {
            Some(reason) => format!("{} ({reason})", record.state),
            None => record.state.to_owned(),
        };
        [
            record.serial.clone(),
            record.who(),
            record.profile.clone(),
            state,
            date(record.not_after),
        ]
    });
    table(["serial", "subject", "profile", "state", "until"], rows)
}
