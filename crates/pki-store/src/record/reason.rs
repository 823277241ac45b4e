//! Reasons of revocation as texts.

use pki_core::verify::RevocationReason;

use crate::StoreError;

/// The text that is stored: the name in RFC 5280.
pub(crate) fn reason_of(reason: RevocationReason) -> String {
    reason.to_string()
}

pub(crate) fn reason_from_text(text: &str) -> Result<RevocationReason, StoreError> {
    ALL.into_iter()
        .find(|reason| reason.to_string() == text)
        .ok_or_else(|| StoreError::Corrupt {
            what: format!("`{text}` is not a reason of revocation"),
        })
}

const ALL: [RevocationReason; 10] = [
    RevocationReason::Unspecified,
    RevocationReason::KeyCompromise,
    RevocationReason::CaCompromise,
    RevocationReason::AffiliationChanged,
    RevocationReason::Superseded,
    RevocationReason::CessationOfOperation,
    RevocationReason::CertificateHold,
    RevocationReason::RemoveFromCrl,
    RevocationReason::PrivilegeWithdrawn,
    RevocationReason::AaCompromise,
];
