//! The audit log: a row for each decision, each with a hash over all before it.

mod chain;
mod error;
mod event;
mod row;

pub use chain::{AuditBreak, AuditHead};
pub use error::AuditError;
pub use event::AuditEvent;
pub use row::AuditRow;

pub(crate) use chain::Walk;
pub(crate) use row::hex;
