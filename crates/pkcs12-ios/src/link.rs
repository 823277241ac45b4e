//! Whether one certificate issued another (RFC 5280 section 6.1.3, without time and revocation).

use pki_core::verify;
use x509_identity::Certificate;

use crate::error::BrokenLink;

/// By name, by key identifier where both have one, as a CA, and by signature.
pub(crate) fn check(child: &Certificate, issuer: &Certificate) -> Result<(), BrokenLink> {
    names_issuer(child, issuer)?;
    if !issuer.is_ca() {
        return Err(BrokenLink::NotACa);
    }
    is_signed_by(child, issuer)
}

/// By name, and by key identifier where both have one.
pub(crate) fn names_issuer(child: &Certificate, issuer: &Certificate) -> Result<(), BrokenLink> {
    if child.issuer_der() != issuer.subject_der() {
        return Err(BrokenLink::NameMismatch);
    }
    match (child.authority_key_id(), issuer.subject_key_id()) {
        (Some(wanted), Some(found)) if wanted != found => Err(BrokenLink::KeyIdentifierMismatch),
        _ => Ok(()),
    }
}

fn is_signed_by(child: &Certificate, issuer: &Certificate) -> Result<(), BrokenLink> {
    if verify::is_signed_by(child, issuer) {
        Ok(())
    } else if verify::has_accepted_algorithm(child) {
        Err(BrokenLink::BadSignature)
    } else {
        Err(BrokenLink::UnknownSignatureAlgorithm)
    }
}
