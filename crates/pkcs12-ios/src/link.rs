//! Whether one certificate of a new file issued another (RFC 5280 section 6.1.3, without time and revocation).

use std::fmt;

use pki_core::verify;
use x509_identity::Certificate;

/// By name, by key identifier where both have one, as a CA, and by signature.
pub(crate) fn check(child: &Certificate, issuer: &Certificate) -> Result<(), BrokenLink> {
    if !child.names_issuer(issuer) {
        return Err(BrokenLink::NameMismatch);
    }
    match (child.authority_key_id(), issuer.subject_key_id()) {
        (Some(wanted), Some(found)) if wanted != found => {
            return Err(BrokenLink::KeyIdentifierMismatch);
        }
        _ => {}
    }
    if !issuer.is_ca() {
        return Err(BrokenLink::NotACa);
    }
    is_signed_by(child, issuer)
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

/// Why one certificate is not the issuer of another.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum BrokenLink {
    /// Its key did not make the signature.
    BadSignature,
    /// Its subject key identifier is not the one asked for.
    KeyIdentifierMismatch,
    /// Its subject is not the issuer named.
    NameMismatch,
    /// It is not a CA certificate.
    NotACa,
    /// The signature algorithm is one that cannot be checked here.
    UnknownSignatureAlgorithm,
}

impl fmt::Display for BrokenLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BadSignature => "its key did not sign the certificate before it",
            Self::KeyIdentifierMismatch => "its key identifier is not that of the issuer",
            Self::NameMismatch => "its subject is not the issuer of the certificate before it",
            Self::NotACa => "it is not a CA certificate",
            Self::UnknownSignatureAlgorithm => "the signature algorithm cannot be checked",
        })
    }
}
