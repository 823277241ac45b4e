//! Certificates of the store, as they are listed.

use anyhow::Result;
use pki_store::{AttestationRecord, CertificateRecord, RecordedName, Store};
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
    /// What the device has proved, where it was asked to; in lists alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) attestation: Option<AttestationRecord>,
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
            attestation: None,
        }
    }

    pub(crate) fn all(records: &[CertificateRecord]) -> Vec<Self> {
        records.iter().map(Self::of).collect()
    }

    /// The same with what the devices have proved.
    pub(crate) async fn attested(
        store: &Store,
        records: &[CertificateRecord],
    ) -> Result<Vec<Self>> {
        let ids: Vec<_> = records.iter().map(|record| record.id).collect();
        let mut attestations = store.attestations(&ids).await?;
        let views = records.iter().map(|record| Self {
            attestation: attestations.remove(&record.id),
            ..Self::of(record)
        });
        Ok(views.collect())
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

/// What a device has proved, and how: `android-key (csr-hash, trusted-environment)`.
pub(crate) fn proved_text(it: &AttestationRecord) -> String {
    format!("{} ({}, {})", it.kind, it.binding, it.keeper)
}

/// A table for people.
pub(crate) fn records_table(records: &[RecordView]) -> String {
    let with_devices = records.iter().any(|record| record.attestation.is_some());
    let rows = records.iter().map(|record| {
        let state = match &record.reason {
            Some(reason) => format!("{} ({reason})", record.state),
            None => record.state.to_owned(),
        };
        let proved = match &record.attestation {
            Some(it) => proved_text(it),
            None => String::new(),
        };
        [
            record.serial.clone(),
            record.who(),
            record.profile.clone(),
            state,
            date(record.not_after),
            proved,
        ]
    });
    if with_devices {
        let header = ["serial", "subject", "profile", "state", "until", "attested"];
        return table(header, rows);
    }
    table(
        ["serial", "subject", "profile", "state", "until"],
        rows.map(|[serial, who, profile, state, until, _]| [serial, who, profile, state, until]),
    )
}
