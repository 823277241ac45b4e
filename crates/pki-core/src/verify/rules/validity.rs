//! What time alone changes: whether each certificate of a path is valid.

use time::OffsetDateTime;
use x509_identity::Certificate;

use crate::verify::path::label;
use crate::verify::settings::Strictness;
use crate::verify::{Path, VerifyError};

/// Checks of a path that was good before what time alone changes.
pub(in crate::verify) fn check_time(
    path: &Path,
    strictness: Strictness,
    now: OffsetDateTime,
) -> Result<(), VerifyError> {
    check_validity(&path.leaf, now)?;
    for ca in &path.intermediates {
        check_validity(ca, now)?;
    }
    match strictness {
        Strictness::Strict => check_anchor_validity(&path.anchor, now),
        // webpki reads a trust anchor for its name and key.
        Strictness::WebPki => Ok(()),
    }
}

/// Whether `certificate` is valid at `now`, both ends included (RFC 5280 section 4.1.2.5).
pub(super) fn check_validity(
    certificate: &Certificate,
    now: OffsetDateTime,
) -> Result<(), VerifyError> {
    let (not_before, not_after) = (certificate.not_before(), certificate.not_after());
    if not_after < not_before {
        return Err(VerifyError::Validity {
            subject: label(certificate),
            not_before,
            not_after,
        });
    }
    if now > not_after {
        return Err(VerifyError::Expired {
            subject: label(certificate),
            not_after,
            now,
        });
    }
    if now < not_before {
        return Err(VerifyError::NotYetValid {
            subject: label(certificate),
            not_before,
            now,
        });
    }
    Ok(())
}

/// The same of a trust anchor.
pub(super) fn check_anchor_validity(
    anchor: &Certificate,
    now: OffsetDateTime,
) -> Result<(), VerifyError> {
    let (not_before, not_after) = (anchor.not_before(), anchor.not_after());
    if now > not_after {
        return Err(VerifyError::AnchorExpired {
            subject: label(anchor),
            not_after,
            now,
        });
    }
    if now < not_before {
        return Err(VerifyError::AnchorNotYetValid {
            subject: label(anchor),
            not_before,
            now,
        });
    }
    Ok(())
}
