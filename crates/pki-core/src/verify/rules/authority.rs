//! What the CAs of a path have to say of themselves, the trust anchor included.

use std::sync::Arc;

use time::OffsetDateTime;
use x509_identity::{BasicConstraints, Certificate, KeyUsageBit};

use super::critical_extensions::unknown_critical_extension;
use super::usage::{permits, require_key_usage, wrong_usage};
use super::validity::check_anchor_validity;
use crate::verify::path::label;
use crate::verify::{Path, Purpose, VerifyError};

/// Checks the intermediates: each is a CA, with room below it, and for the purpose. webpki has checked that
/// already, but not of paths that come from a [search](crate::verify::path_building) of our own.
pub(super) fn check_intermediates(path: &Path, purpose: Purpose) -> Result<(), VerifyError> {
    for (position, ca) in path.intermediates.iter().enumerate() {
        let subject = label(&path.leaf);
        let Some(constraints) = ca.basic_constraints().filter(|constraints| constraints.ca) else {
            return Err(VerifyError::NotACa { subject });
        };
        if exceeds(constraints, &path.intermediates[..position]) {
            return Err(VerifyError::PathLength { subject });
        }
        let usages = ca.extended_key_usage();
        if usages.is_some_and(|usages| !permits(usages, purpose)) {
            return Err(wrong_usage(ca, purpose));
        }
    }
    Ok(())
}

/// Checks whether each CA may sign certificates, and has a name.
pub(super) fn check_issuers(path: &Path) -> Result<(), VerifyError> {
    for ca in path.certificates().skip(1) {
        require_key_usage(ca, KeyUsageBit::KeyCertSign)?;
        if ca.subject().is_empty() {
            return Err(VerifyError::NoName {
                serial: ca.serial().to_string(),
            });
        }
    }
    Ok(())
}

/// Checks the trust anchor.
pub(super) fn check_anchor(
    path: &Path,
    purpose: Purpose,
    now: OffsetDateTime,
) -> Result<(), VerifyError> {
    let anchor = &*path.anchor;
    let subject = || label(anchor);
    check_anchor_validity(anchor, now)?;
    match anchor.basic_constraints() {
        // RFC 5280 6.1.4 (k): before version 3 a CA is one by what is known besides, and this one is trusted.
        None if anchor.version() < 3 => {}
        Some(constraints) if constraints.ca => {
            if exceeds(constraints, &path.intermediates) {
                return Err(VerifyError::PathLength {
                    subject: label(&path.leaf),
                });
            }
        }
        _ => return Err(VerifyError::AnchorNotCa { subject: subject() }),
    }
    if anchor
        .extended_key_usage()
        .is_some_and(|usages| !permits(usages, purpose))
    {
        return Err(wrong_usage(anchor, purpose));
    }
    match unknown_critical_extension(anchor) {
        Some(oid) => Err(VerifyError::UnknownCriticalExtension {
            subject: subject(),
            oid: oid.to_string(),
        }),
        None => Ok(()),
    }
}

/// Whether more CAs follow than pathLen allows. RFC 5280 6.1.4 (l): self-issued ones do not count.
fn exceeds(constraints: BasicConstraints, below: &[Arc<Certificate>]) -> bool {
    let following = below.iter().filter(|ca| !ca.is_self_issued()).count();
    constraints
        .path_len
        .is_some_and(|limit| u64::from(limit) < following as u64)
}
