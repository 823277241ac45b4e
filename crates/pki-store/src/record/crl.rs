//! Revocation, as CRLs and OCSP responses say it.

use pki_core::verify::RevocationReason;
use time::OffsetDateTime;
use x509_identity::SerialNumber;

use super::issuer::IssuerId;

/// An entry of a CRL.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct RevokedEntry {
    /// The certificate.
    pub serial: SerialNumber,
    /// When it was revoked.
    pub revoked_at: OffsetDateTime,
    /// Why.
    pub reason: RevocationReason,
}

/// What an OCSP responder says about a serial number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum CertificateStatus {
    /// It was issued, and is not revoked. It may have expired.
    Good,
    /// It is revoked. It need not have been issued: see [`CertificateState::Unconfirmed`](crate::CertificateState).
    Revoked {
        /// When.
        at: OffsetDateTime,
        /// Why.
        reason: RevocationReason,
    },
    /// No certificate of the issuer is known by this number.
    Unknown,
}

/// What is known of the last CRL of a partition without reading it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct CrlDates {
    /// Its cRLNumber.
    pub number: u64,
    /// When it was signed.
    pub this_update: OffsetDateTime,
    /// When the next one is due.
    pub next_update: OffsetDateTime,
}

/// The last CRL of a partition.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct StoredCrl {
    /// Who signed it.
    pub issuer: IssuerId,
    /// Which of the issuer's certificates it covers.
    pub partition: u32,
    /// Its cRLNumber.
    pub number: u64,
    /// When it was signed.
    pub this_update: OffsetDateTime,
    /// When the next one is due.
    pub next_update: OffsetDateTime,
    /// The [revision](crate::Store::revision) of the store that it knows about.
    pub revision: u64,
    /// How many certificates it lists.
    pub entries: u64,
    /// The CRL.
    pub der: Vec<u8>,
}
