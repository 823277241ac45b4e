//! Why an audit log could not be vouched for.

use super::chain::AuditBreak;
use crate::StoreError;

/// An audit log that is not as it should be, or cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// Somebody has changed it.
    #[error(transparent)]
    Broken(#[from] AuditBreak),

    /// It cannot be read.
    #[error("the audit log cannot be read")]
    Store(#[from] StoreError),
}
