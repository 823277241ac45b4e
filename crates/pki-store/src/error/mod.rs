//! Why something was not done.

mod issue;
mod store;

pub use issue::{CrlError, IssueError};
#[cfg(feature = "tls")]
pub(crate) use store::Cause;
pub use store::StoreError;
