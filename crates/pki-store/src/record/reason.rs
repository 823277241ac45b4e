//! Reasons of revocation as they are stored: by their names in RFC 5280.

use pki_core::verify::RevocationReason;

use crate::StoreError;

pub(crate) fn reason_from_text(text: &str) -> Result<RevocationReason, StoreError> {
    text.parse().map_err(|error| StoreError::Corrupt {
        what: format!("{error}"),
    })
}
