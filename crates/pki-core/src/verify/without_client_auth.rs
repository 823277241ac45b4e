//! CAs whose certificates are accepted from clients without clientAuth, for the time of a move.

use std::collections::HashMap;

use const_oid::db::rfc5280::{ID_KP_CLIENT_AUTH, ID_KP_SERVER_AUTH};
use time::OffsetDateTime;
use x509_identity::Certificate;

use super::{Path, Purpose, VerifyError};
use crate::verify::rules::wrong_usage;

/// CAs whose certificates are accepted from clients without clientAuth, each of them until a date; none by default.
///
/// For the time between the day on which a public CA stops to issue clientAuth and the day on which each client has a
/// certificate of another CA. A certificate is accepted by this if
///
/// - its extended key usage has serverAuth, as what public CAs issue to servers; anyExtendedKeyUsage alone is not
///   enough, and neither is a certificate without extended key usage;
/// - it would be accepted from a server: the same rules, with serverAuth in place of clientAuth, for the CAs too;
/// - its path leads through one of these CAs, as an intermediate or as the trust anchor;
/// - it is earlier than the date of that CA.
///
/// A certificate that has clientAuth is verified as if this were not there. A public CA certifies anybody who owns a
/// domain name, so combine this with a rule on names.
///
/// ```
/// use pki_core::verify::{ChainVerifier, Purpose, TrustAnchors, WithoutClientAuth};
/// use time::macros::datetime;
/// use x509_identity::Certificate;
///
/// fn verifier(anchors: TrustAnchors, public_ca: &Certificate) -> ChainVerifier {
///     let until = datetime!(2027-03-15 00:00 UTC);
///     ChainVerifier::builder(anchors, Purpose::TlsClient)
///         .accept_without_client_auth(WithoutClientAuth::new().issued_by(public_ca, until))
///         .build()
/// }
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[must_use]
pub struct WithoutClientAuth {
    /// By SHA-256 of the CA's SubjectPublicKeyInfo.
    until: HashMap<[u8; 32], OffsetDateTime>,
}

impl WithoutClientAuth {
    /// No CA yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What is issued below `ca`, as long as it is earlier than `until`. The CA is recognized by its key: another
    /// certificate for the same key (a cross-certificate) counts too.
    pub fn issued_by(self, ca: &Certificate, until: OffsetDateTime) -> Self {
        self.issued_by_key(*ca.spki_sha256(), until)
    }

    /// The same of a CA that is given by the SHA-256 of its public key (SubjectPublicKeyInfo), as
    /// [`Certificate::spki_sha256`] gives it. If a key is given twice, the later call counts.
    pub fn issued_by_key(mut self, spki_sha256: [u8; 32], until: OffsetDateTime) -> Self {
        self.until.insert(spki_sha256, until);
        self
    }

    /// Whether `leaf` can be accepted by this at all, whatever its path.
    pub(super) fn concerns(&self, leaf: &Certificate, now: OffsetDateTime) -> bool {
        let usages = leaf.extended_key_usage().unwrap_or_default();
        usages.contains(&ID_KP_SERVER_AUTH)
            && !usages.contains(&ID_KP_CLIENT_AUTH)
            && self.until.values().any(|until| now < *until)
    }

    /// Until when certificates of this path are accepted; the latest date of its CAs.
    pub(super) fn until(&self, path: &Path) -> Option<OffsetDateTime> {
        let cas = path.intermediates().iter().chain([path.anchor()]);
        cas.filter_map(|ca| self.until.get(ca.spki_sha256()).copied())
            .max()
    }

    /// Whether the path leads through one of the CAs, before its date.
    pub(super) fn check(&self, path: &Path, now: OffsetDateTime) -> Result<(), VerifyError> {
        match self.until(path) {
            Some(until) => check_date(path, until, now),
            None => Err(refusal(path)),
        }
    }
}

/// Whether a path that was accepted until this date still is.
pub(super) fn check_date(
    path: &Path,
    until: OffsetDateTime,
    now: OffsetDateTime,
) -> Result<(), VerifyError> {
    if now < until {
        Ok(())
    } else {
        Err(refusal(path))
    }
}

/// What would be said without any of this.
fn refusal(path: &Path) -> VerifyError {
    wrong_usage(path.leaf(), Purpose::TlsClient)
}
