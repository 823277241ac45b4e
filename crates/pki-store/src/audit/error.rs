//! Why an audit log could not be vouched for.

use pki_core::SignError;

use super::chain::AuditBreak;
use super::checkpoint::CheckpointError;
use super::place::PlaceError;
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

/// A checkpoint that was not made, or not kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeepError {
    /// An acknowledgement is signed by the key of the checkpoint that it is in place of.
    #[error("only the key that has signed the checkpoint can pass over it")]
    OtherKey(#[source] CheckpointError),

    /// It is in the store, and not in the second place.
    #[error(transparent)]
    Place(#[from] PlaceError),

    /// The key did not sign.
    #[error("the checkpoint could not be signed")]
    Sign(#[source] SignError),

    /// The store could not be read or written.
    #[error("the checkpoint could not be recorded")]
    Store(#[from] StoreError),
}
