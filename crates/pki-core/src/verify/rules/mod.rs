//! The strict rules: what RFC 5280 asks of a path and webpki leaves open, one subject a file.

mod alone;
mod authority;
mod critical_extensions;
mod leaf;
pub(super) mod name_constraints;
pub(super) mod policies;
mod usage;
mod validity;

use time::OffsetDateTime;
use x509_identity::Certificate;

use super::path::label;
use super::signature::weak_key;
use super::{Path, Purpose, VerifyError};

pub use alone::problems_of_leaf;
pub(crate) use critical_extensions::unknown_critical_extension;
pub(crate) use name_constraints::are_obeyed as name_constraints_are_obeyed;
pub(super) use usage::{permits, wrong_usage};
pub(super) use validity::check_time;

/// Checks a path that webpki has verified, or that a search of our own has found.
pub(super) fn check(path: &Path, purpose: Purpose, now: OffsetDateTime) -> Result<(), VerifyError> {
    for certificate in std::iter::once(&path.leaf).chain(&path.intermediates) {
        check_any(certificate, now)?;
    }
    authority::check_intermediates(path, purpose)?;
    leaf::check_leaf(&path.leaf, purpose)?;
    for certificate in path.certificates() {
        if let Some(key) = weak_key(certificate) {
            return Err(VerifyError::WeakKey {
                subject: label(certificate),
                key,
            });
        }
    }
    if is_trusted_itself(path) {
        return Ok(());
    }
    authority::check_anchor(path, purpose, now)?;
    authority::check_issuers(path)?;
    name_constraints::check(path)?;
    policies::check(path)
}

/// Checks what holds for leaf and intermediates alike: version, validity, critical extensions.
fn check_any(certificate: &Certificate, now: OffsetDateTime) -> Result<(), VerifyError> {
    version(certificate)?;
    validity::check_validity(certificate, now)?;
    critical_extension(certificate)
}

fn version(certificate: &Certificate) -> Result<(), VerifyError> {
    match certificate.version() {
        3 => Ok(()),
        version => Err(VerifyError::UnsupportedVersion {
            subject: label(certificate),
            version,
        }),
    }
}

fn critical_extension(certificate: &Certificate) -> Result<(), VerifyError> {
    match unknown_critical_extension(certificate) {
        Some(oid) => Err(VerifyError::UnknownCriticalExtension {
            subject: label(certificate),
            oid: oid.to_string(),
        }),
        None => Ok(()),
    }
}

/// Whether the leaf is one of the trust anchors: it is trusted as it is, issues nothing, and need not be a CA.
fn is_trusted_itself(path: &Path) -> bool {
    path.intermediates.is_empty() && path.leaf.der() == path.anchor.der()
}
