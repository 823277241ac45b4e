//! Certificates that are to be revoked: by what they are selected, and which they are.

use pki_core::verify::RevocationReason;
use pki_store::{CertificateRecord, CertificateState, NamePattern, Selection, Selector};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use x509_identity::SerialNumber;

use crate::access::form::Fields;
use crate::refusal::ConsoleRefusal;
use crate::shared::Shared;
use crate::view::text::{hex, sha256};

/// By what certificates are selected: value and title.
pub(super) const KINDS: [(&str, &str); 6] = [
    ("serial", "serial number"),
    ("lineage", "lineage of a serial number"),
    ("key", "SHA-256 of the key"),
    ("fingerprint", "SHA-256 of the certificate"),
    ("name", "name or pattern"),
    ("profile", "profile"),
];

/// Why something may be revoked by a person: value and title.
pub(super) const REASONS: [(RevocationReason, &str); 6] = [
    (RevocationReason::Unspecified, "unspecified"),
    (
        RevocationReason::KeyCompromise,
        "key compromise: somebody else has the key; it is blocked, and all its certificates go",
    ),
    (RevocationReason::AffiliationChanged, "affiliation changed"),
    (RevocationReason::Superseded, "superseded"),
    (
        RevocationReason::CessationOfOperation,
        "cessation of operation",
    ),
    (RevocationReason::PrivilegeWithdrawn, "privilege withdrawn"),
];

/// What a selection finds, now.
pub(super) struct Selected {
    pub(super) selection: Selection,
    /// What is not revoked yet.
    pub(super) to_go: Vec<CertificateRecord>,
    /// What is revoked already.
    pub(super) gone: Vec<CertificateRecord>,
    /// The same for the same certificates in the same state.
    pub(super) digest: String,
}

impl Selected {
    /// Reads what `by` and `value` of a form or an address select; `None` if they are empty.
    pub(super) async fn read(
        shared: &Shared,
        fields: &Fields,
        now: OffsetDateTime,
    ) -> Result<Option<Self>, ConsoleRefusal> {
        let (by, value) = (fields.get("by"), fields.text("value", "value", MAX_VALUE)?);
        if value.is_empty() {
            return Ok(None);
        }
        let selection = Selection::of(&shared.ca, selector(by, value)?);
        let found = shared.store.select(&selection, now).await?;
        let mut digest = Sha256::new().chain_update(by).chain_update([0]);
        digest.update(value);
        for record in &found {
            digest.update([0]);
            digest.update(record.id.to_be_bytes());
            digest.update(record.state.as_str());
            let reason = record.revoked.map(|(_, reason)| reason.as_str());
            digest.update(reason.unwrap_or_default());
        }
        let (gone, to_go) = found
            .into_iter()
            .partition(|record| record.state == CertificateState::Revoked);
        Ok(Some(Self {
            selection,
            to_go,
            gone,
            digest: hex(&digest.finalize()),
        }))
    }

    /// The reasons for which anything would change: a key may turn out later to be compromised.
    pub(super) fn reasons(&self) -> Vec<(&'static str, &'static str)> {
        let compromised = RevocationReason::KeyCompromise;
        let worse = self.gone.iter().any(|it| it.is_changed_by(compromised));
        let reasons = REASONS
            .iter()
            .filter(|(reason, _)| !self.to_go.is_empty() || (worse && *reason == compromised));
        reasons
            .map(|(reason, title)| (reason.as_str(), *title))
            .collect()
    }
}

/// One of [`REASONS`].
pub(super) fn reason(text: &str) -> Result<RevocationReason, ConsoleRefusal> {
    let known = REASONS.iter().find(|(reason, _)| reason.as_str() == text);
    let unknown = || ConsoleRefusal::field("reason", "choose one of the list");
    known.map(|(reason, _)| *reason).ok_or_else(unknown)
}

fn selector(by: &str, value: &str) -> Result<Selector, ConsoleRefusal> {
    let field = "value";
    Ok(match by {
        "serial" => Selector::Serial(serial(field, value)?),
        "lineage" => Selector::Lineage(serial(field, value)?),
        "key" => Selector::Spki(hash(field, value)?),
        "fingerprint" => Selector::Fingerprint(hash(field, value)?),
        "name" => Selector::Name(pattern(field, value)?),
        "profile" => Selector::Profile(value.to_owned()),
        _ => return Err(ConsoleRefusal::field("select by", "choose one of the list")),
    })
}

/// A serial number in the field of this name.
pub(super) fn serial(field: &'static str, text: &str) -> Result<SerialNumber, ConsoleRefusal> {
    let wrong = "a serial number has 1 to 40 hexadecimal digits";
    let serial = text.parse();
    serial.map_err(|_| ConsoleRefusal::field(field, wrong))
}

/// A SHA-256 in the field of this name.
pub(super) fn hash(field: &'static str, text: &str) -> Result<[u8; 32], ConsoleRefusal> {
    let wrong = "a SHA-256 has 64 hexadecimal digits";
    sha256(text).ok_or_else(|| ConsoleRefusal::field(field, wrong))
}

/// A name or a pattern in the field of this name.
pub(super) fn pattern(field: &'static str, text: &str) -> Result<NamePattern, ConsoleRefusal> {
    let pattern = text.parse();
    pattern.map_err(|error| ConsoleRefusal::field(field, error))
}

/// Bytes of what is selected by.
const MAX_VALUE: usize = 2048;
