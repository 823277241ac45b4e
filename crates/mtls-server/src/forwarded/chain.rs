//! Certificates that were forwarded, parsed.

use std::sync::Arc;

use x509_identity::Certificate;

use super::error::ForwardedError;

/// Certificates as the proxy sent them, leaf first; never empty.
pub(super) type Chain = Vec<Arc<Certificate>>;

/// Parses a chain, leaf first.
pub(super) fn parse(ders: Vec<Vec<u8>>) -> Result<Chain, ForwardedError> {
    if ders.is_empty() {
        return Err(ForwardedError::NoCertificate);
    }
    if ders.len() > ForwardedError::MAX_CERTIFICATES {
        return Err(ForwardedError::TooMany);
    }
    ders.iter()
        .map(|der| Certificate::from_der(der).map(Arc::new))
        .collect::<Result<_, _>>()
        .map_err(ForwardedError::Certificate)
}
