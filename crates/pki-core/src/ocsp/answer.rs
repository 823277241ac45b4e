use std::fmt;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::verify::RevocationReason;

/// What the issuer, or a responder that it appointed, says about one certificate. Verified: only
/// [`OcspRequest::verify`](super::OcspRequest::verify) makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OcspAnswer {
    pub(super) status: OcspStatus,
    pub(super) this_update: OffsetDateTime,
    pub(super) next_update: Option<OffsetDateTime>,
}

/// The state of a certificate (RFC 6960 section 2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OcspStatus {
    /// Not revoked. Some responders say so of every serial number that they have no revocation for.
    Good,
    /// Revoked, for ever or on hold.
    Revoked {
        /// Since when.
        date: OffsetDateTime,
        /// Why; unspecified where the responder does not say.
        reason: RevocationReason,
    },
    /// The responder does not know the certificate.
    Unknown,
}

/// `good`, `revoked since 2026-01-31T12:00:00Z: key-compromise`, `unknown`: as OpenSSL calls them.
impl fmt::Display for OcspStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Good => f.write_str("good"),
            Self::Revoked { date, reason } => {
                let since = date.format(&Rfc3339).unwrap_or_else(|_| date.to_string());
                write!(f, "revoked since {since}: {reason}")
            }
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

impl OcspAnswer {
    /// Good, revoked or unknown.
    #[must_use]
    pub fn status(&self) -> OcspStatus {
        self.status
    }

    /// When the status was known to be right.
    #[must_use]
    pub fn this_update(&self) -> OffsetDateTime {
        self.this_update
    }

    /// When there will be newer information. `None` means at any time (RFC 6960 section 2.4), so such an
    /// answer is not to be kept.
    #[must_use]
    pub fn next_update(&self) -> Option<OffsetDateTime> {
        self.next_update
    }
}
