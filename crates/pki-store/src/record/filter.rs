//! Which certificates a list shows.

use time::OffsetDateTime;
use x509_identity::SerialNumber;

use super::certificate::CertificateState;
use super::issuer::IssuerId;
use super::name_pattern::NamePattern;

/// Which certificates are listed: those that fulfil each condition that is set; all, by default.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of the CA of this name.
    pub ca: Option<String>,
    /// Of this issuer.
    pub issuer: Option<IssuerId>,
    /// In this state at the time of the query.
    pub state: Option<CertificateState>,
    /// With a name that matches.
    pub name: Option<NamePattern>,
    /// Issued within the profile of this name.
    pub profile: Option<String>,
    /// Whose validity period ends before this time.
    pub expiring_before: Option<OffsetDateTime>,
    /// With this serial number.
    pub serial: Option<SerialNumber>,
    /// With a key of this SHA-256.
    pub spki_sha256: Option<[u8; 32]>,
    /// With this SHA-256.
    pub fingerprint_sha256: Option<[u8; 32]>,
    /// Of this lineage.
    pub lineage: Option<[u8; 16]>,
}

impl Filter {
    /// Whether it is about what came to nothing, or to nothing yet: an index has these alone.
    pub(crate) fn is_of_unfinished(&self) -> bool {
        use CertificateState::{Failed, Reserved, Unconfirmed};
        matches!(self.state, Some(Failed | Reserved | Unconfirmed))
    }

    /// Whether it is about what no more than a few certificates have, and an index is in the order of.
    pub(crate) fn names_few(&self) -> bool {
        self.spki_sha256.is_some() || self.fingerprint_sha256.is_some() || self.lineage.is_some()
    }
}

/// A part of a list, which is in the order in which serial numbers were reserved.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Begins behind the record with this [`id`](crate::CertificateRecord::id); 0 for the first page.
    pub after: i64,
    /// How many records at most.
    pub limit: u32,
}

impl Page {
    /// The first `limit` records.
    #[must_use]
    pub fn first(limit: u32) -> Self {
        Self { after: 0, limit }
    }
}

impl Default for Page {
    /// The first 100 records.
    fn default() -> Self {
        Self::first(100)
    }
}
