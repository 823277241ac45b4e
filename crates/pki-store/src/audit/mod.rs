//! The audit log: a row for each decision, each with a hash over all before it.

mod chain;
mod checkpoint;
mod error;
mod event;
mod place;
mod restore;
mod row;

pub use chain::{AuditBreak, AuditHead};
pub use checkpoint::{Checkpoint, CheckpointError};
pub use error::{AuditError, KeepError};
pub use event::AuditEvent;
pub use place::{CheckpointPlace, PlaceError};
pub use restore::AcknowledgedRestore;
pub use row::AuditRow;

pub(crate) use chain::Walk;
pub(crate) use checkpoint::{InsteadOf, Payload, UsedCrlNumber};
