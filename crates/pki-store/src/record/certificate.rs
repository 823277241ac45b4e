//! A certificate that was issued, or may have been.

use std::fmt;

use pki_core::verify::RevocationReason;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use x509_identity::{SerialNumber, SubjectAltName};

use super::issuer::IssuerId;
use crate::StoreError;

/// What a store knows about a certificate.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CertificateRecord {
    /// Its place in the order in which serial numbers were reserved: what [`Page::after`](crate::Page::after) takes.
    pub id: i64,
    /// The name of its CA.
    pub ca: String,
    /// Its issuer.
    pub issuer: IssuerId,
    /// Its serial number.
    pub serial: SerialNumber,
    /// What it is good for at the time of the query.
    pub state: CertificateState,
    /// The name of the profile within which it was issued.
    pub profile: String,
    /// Its subject, by RFC 4514.
    pub subject: String,
    /// Its alternative names.
    pub sans: Vec<RecordedName>,
    /// The first second of its validity period.
    pub not_before: OffsetDateTime,
    /// The last second of its validity period.
    pub not_after: OffsetDateTime,
    /// The SHA-256 of its `SubjectPublicKeyInfo`; none for an imported certificate of which only the number is known.
    pub spki_sha256: Option<[u8; 32]>,
    /// The SHA-256 of the certificate, once it is signed.
    pub fingerprint_sha256: Option<[u8; 32]>,
    /// The same for a certificate and for all that have renewed it.
    pub lineage: [u8; 16],
    /// Which of the issuer's CRLs covers it.
    pub partition: u32,
    /// When it was revoked, and why.
    pub revoked: Option<(OffsetDateTime, RevocationReason)>,
    /// The certificate, once it is signed.
    pub der: Option<Vec<u8>>,
}

impl CertificateRecord {
    /// Whether revoking it for `reason` changes anything. What is revoked stays so, but for a key that turns out later to be
    /// compromised.
    #[must_use]
    pub fn is_changed_by(&self, reason: RevocationReason) -> bool {
        match self.revoked {
            None => true,
            Some((_, before)) => reason == RevocationReason::KeyCompromise && before != reason,
        }
    }
}

/// What a certificate is good for.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
#[non_exhaustive]
#[serde(rename_all = "kebab-case")]
pub enum CertificateState {
    /// Its validity period is over.
    Expired,
    /// The signer refused: it does not exist.
    Failed,
    /// It is being signed.
    Reserved,
    /// It is revoked, whether it has expired or not.
    Revoked,
    /// It was about to be signed when its process ended, so that it may exist. It can be revoked.
    Unconfirmed,
    /// It is good, or will be when its validity period begins.
    Valid,
}

/// An alternative name.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct RecordedName {
    /// Its kind, as [`SubjectAltName::kind`] says it.
    pub kind: String,
    /// The name.
    pub value: String,
}

/// As an alternative name is asked for: `dns:api.example.org`.
impl fmt::Display for RecordedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.value)
    }
}

impl CertificateState {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Failed => "failed",
            Self::Reserved => "reserved",
            Self::Revoked => "revoked",
            Self::Unconfirmed => "unconfirmed",
            Self::Valid => "valid",
        }
    }
}

impl From<&SubjectAltName> for RecordedName {
    fn from(name: &SubjectAltName) -> Self {
        Self {
            kind: name.kind().to_owned(),
            value: name.to_string(),
        }
    }
}

/// Alternative names as they are stored.
pub(crate) fn sans_text(sans: &[RecordedName]) -> Result<String, StoreError> {
    serde_json::to_string(sans).map_err(|error| StoreError::Corrupt {
        what: error.to_string(),
    })
}

/// `certificates.state`: how far it came to be signed.
pub(crate) mod stored {
    pub(crate) const RESERVED: i64 = 0;
    pub(crate) const ISSUED: i64 = 1;
    pub(crate) const UNCONFIRMED: i64 = 2;
    pub(crate) const FAILED: i64 = 3;
}
