//! Certification requests, as applicants make them.

use pki_core::KeyPair;
use x509_identity::{DistinguishedName, SubjectAltName};

use super::error::MakeError;
use super::with_rcgen::{Signing, named_params};

/// A request for these names, in PEM.
pub(super) fn request(
    key: &KeyPair,
    subject: &DistinguishedName,
    sans: &[SubjectAltName],
) -> Result<String, MakeError> {
    Ok(named_params(subject, sans)?
        .serialize_request(&Signing::with(key))?
        .pem()?)
}
