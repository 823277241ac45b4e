//! What the CRLs say about a path, and what happens when they say nothing.

use std::time::Duration;

use const_oid::db::rfc5280::{ID_CE_CRL_DISTRIBUTION_POINTS, ID_CE_FRESHEST_CRL};
use const_oid::db::rfc5912::ID_CE_NO_REV_AVAIL;
use time::OffsetDateTime;
use x509_identity::{Certificate, KeyUsageBit};

use super::CrlSet;
use super::index::IndexedCrl;
use crate::crl::CrlScope;
use crate::verify::path::label;
use crate::verify::{Path, VerifyError};

/// CRLs, and how strictly they are read.
///
/// By default every certificate of the path but the trust anchor needs a current CRL of its issuer, and a root must
/// not be on its own CRL. A leaf that says that there is none (noRevAvail, RFC 9608) needs none, and is refused if a CRL
/// lists it all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    crls: CrlSet,
    scope: Scope,
    unknown: UnknownStatus,
    expired: ExpiredCrl,
}

/// Which certificates are looked up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// Every certificate of the path but the trust anchor.
    #[default]
    Chain,
    /// The leaf alone.
    LeafOnly,
}

/// What becomes of a certificate that no loaded CRL covers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownStatus {
    /// It passes. A CRL that is there and badly signed still refuses.
    Allow,
    /// It is refused.
    #[default]
    Deny,
}

/// What becomes of a certificate whose CRL is out of date. One that is listed is refused in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpiredCrl {
    /// It passes.
    Allow,
    /// It is refused once `grace` has passed since nextUpdate. Default, with no grace.
    Deny {
        /// How long after nextUpdate the CRL still counts.
        grace: Duration,
    },
}

impl Default for ExpiredCrl {
    fn default() -> Self {
        Self::Deny {
            grace: Duration::ZERO,
        }
    }
}

impl Revocation {
    /// These CRLs, with the strict defaults.
    #[must_use]
    pub fn new(crls: CrlSet) -> Self {
        Self {
            crls,
            scope: Scope::default(),
            unknown: UnknownStatus::default(),
            expired: ExpiredCrl::default(),
        }
    }

    /// Which certificates are looked up; [`Scope::Chain`] by default.
    #[must_use]
    pub fn scope(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// What becomes of a certificate that no CRL covers; [`UnknownStatus::Deny`] by default.
    #[must_use]
    pub fn unknown(mut self, unknown: UnknownStatus) -> Self {
        self.unknown = unknown;
        self
    }

    /// What becomes of a certificate whose CRL is out of date; refused without grace by default.
    #[must_use]
    pub fn expired(mut self, expired: ExpiredCrl) -> Self {
        self.expired = expired;
        self
    }

    /// Other CRLs, read as strictly.
    #[must_use]
    pub fn with_crls(mut self, crls: CrlSet) -> Self {
        self.crls = crls;
        self
    }

    /// The CRLs.
    #[must_use]
    pub fn crls(&self) -> &CrlSet {
        &self.crls
    }

    pub(in crate::verify) fn check(
        &self,
        path: &Path,
        now: OffsetDateTime,
    ) -> Result<(), VerifyError> {
        let issuers = path.certificates().skip(1);
        for (position, (certificate, issuer)) in path.certificates().zip(issuers).enumerate() {
            match position {
                0 => self.check_one(certificate, issuer, CrlScope::LeafCertificates, now)?,
                _ if self.scope == Scope::Chain => {
                    self.check_one(certificate, issuer, CrlScope::CaCertificates, now)?;
                }
                _ => {}
            }
        }
        match self.scope {
            Scope::Chain => self.check_anchor(&path.anchor, now),
            Scope::LeafOnly => Ok(()),
        }
    }

    /// A trust anchor needs no CRL, since nothing that it signs could confirm the trust in it; but a root that revokes
    /// itself is no longer trusted.
    fn check_anchor(&self, anchor: &Certificate, now: OffsetDateTime) -> Result<(), VerifyError> {
        if !anchor.is_self_issued() {
            return Ok(());
        }
        match self.check_one(anchor, anchor, CrlScope::CaCertificates, now) {
            Err(revoked @ VerifyError::Revoked { .. }) => Err(revoked),
            _ => Ok(()),
        }
    }

    /// Checks one certificate of no CA that `issuer` issued, outside of a path.
    pub(crate) fn check_leaf(
        &self,
        certificate: &Certificate,
        issuer: &Certificate,
        now: OffsetDateTime,
    ) -> Result<(), VerifyError> {
        self.check_one(certificate, issuer, CrlScope::LeafCertificates, now)
    }

    /// A certificate that says that it is never revoked needs no CRL (RFC 9608), and one that lists it counts.
    fn check_one(
        &self,
        certificate: &Certificate,
        issuer: &Certificate,
        role: CrlScope,
        now: OffsetDateTime,
    ) -> Result<(), VerifyError> {
        match self.check_by_crls(certificate, issuer, role, now) {
            Err(revoked @ VerifyError::Revoked { .. }) => Err(revoked),
            Err(_) if is_without_revocation(certificate) => Ok(()),
            checked => checked,
        }
    }

    fn check_by_crls(
        &self,
        certificate: &Certificate,
        issuer: &Certificate,
        role: CrlScope,
        now: OffsetDateTime,
    ) -> Result<(), VerifyError> {
        let mut covering = self.crls.covering(certificate, role).peekable();
        // Complete CRLs come first, so one that is not complete is not alone.
        if !covering.peek().is_some_and(|crl| crl.is_complete()) {
            return match self.unknown {
                UnknownStatus::Allow => Ok(()),
                UnknownStatus::Deny => Err(VerifyError::RevocationUnknown {
                    subject: label(certificate),
                    issuer: label(issuer),
                }),
            };
        }
        // RFC 5280 6.3.3 (f). A root without key usage, as the plain openssl recipe makes it, may sign.
        if issuer
            .key_usage()
            .is_some_and(|usage| !usage.contains(KeyUsageBit::CrlSign))
        {
            return Err(VerifyError::KeyUsage {
                subject: label(issuer),
                needed: KeyUsageBit::CrlSign,
            });
        }

        let mut consulted: Vec<&IndexedCrl> = Vec::new();
        let mut current = false;
        let mut stale = None;
        for crl in covering {
            let superseded = consulted
                .iter()
                .any(|newer| same_distribution_point(newer, crl) && newer.age() > crl.age());
            if superseded || !crl.is_by(issuer) {
                continue;
            }
            let listed = crl.find(certificate.serial().as_bytes());
            if let Some(entry) = listed.filter(|entry| crl.is_complete() || entry.revokes()) {
                return Err(VerifyError::Revoked {
                    subject: label(certificate),
                    serial: certificate.serial().to_string(),
                    reason: entry.reason,
                    date: entry.date,
                });
            }
            if !crl.is_complete() {
                continue;
            }
            match self.check_currency(crl, issuer, now) {
                Ok(()) => current = true,
                // One that has not begun does not replace the one before it.
                Err(error @ VerifyError::CrlNotYetValid { .. }) => {
                    stale.get_or_insert(error);
                    continue;
                }
                Err(error) => stale = Some(error),
            }
            consulted.push(crl);
        }
        match stale {
            _ if current => Ok(()),
            Some(error) => Err(error),
            None => Err(VerifyError::CrlBadSignature {
                issuer: label(issuer),
            }),
        }
    }

    fn check_currency(
        &self,
        crl: &IndexedCrl,
        issuer: &Certificate,
        now: OffsetDateTime,
    ) -> Result<(), VerifyError> {
        let ExpiredCrl::Deny { grace } = self.expired else {
            return Ok(());
        };
        let (this_update, next_update) = (crl.header().this_update, crl.header().next_update);
        if now - this_update < -CLOCK_SKEW {
            return Err(VerifyError::CrlNotYetValid {
                issuer: label(issuer),
                this_update,
                now,
            });
        }
        if now - next_update > grace {
            return Err(VerifyError::CrlExpired {
                issuer: label(issuer),
                next_update,
                now,
            });
        }
        Ok(())
    }
}

/// Whether a leaf says that its revocation is published nowhere. One that also says where does not mean it (RFC 9608
/// section 4).
fn is_without_revocation(certificate: &Certificate) -> bool {
    let has = |oid| certificate.extension(oid).is_some();
    has(ID_CE_NO_REV_AVAIL)
        && !certificate.is_ca()
        && !has(ID_CE_CRL_DISTRIBUTION_POINTS)
        && !has(ID_CE_FRESHEST_CRL)
}

fn same_distribution_point(a: &IndexedCrl, b: &IndexedCrl) -> bool {
    a.header().point() == b.header().point()
}

/// A CRL that was signed this second on a machine whose clock is ahead must not lock everybody out.
const CLOCK_SKEW: time::Duration = time::Duration::minutes(5);
