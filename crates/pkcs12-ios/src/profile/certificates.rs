//! Whether a certificate is what it is added to a profile as.

use x509_identity::Certificate;

use super::error::ProfileError;
use crate::link;

/// A device offers to trust what has signed itself, and nothing else.
pub(super) fn check_root(der: &[u8]) -> Result<(), ProfileError> {
    let certificate =
        Certificate::trust_anchor_from_der(der).map_err(ProfileError::MalformedCertificate)?;
    match certificate.is_self_issued() {
        true => Ok(()),
        false => Err(ProfileError::NotARoot {
            subject: certificate.subject().to_string(),
        }),
    }
}

/// A CA certificate that another CA has issued.
pub(super) fn check_intermediate(der: &[u8]) -> Result<(), ProfileError> {
    let certificate = Certificate::from_der(der).map_err(ProfileError::MalformedCertificate)?;
    let is_root = link::check(&certificate, &certificate).is_ok();
    match certificate.is_ca() && !is_root {
        true => Ok(()),
        false => Err(ProfileError::NotAnIntermediate {
            subject: certificate.subject().to_string(),
        }),
    }
}
