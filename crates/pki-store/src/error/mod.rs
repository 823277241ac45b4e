//! Why something was not done.

mod issue;
mod store;

pub use issue::{CrlError, IssueError, TokenError};
#[cfg(feature = "tls")]
pub(crate) use store::Cause;
pub use store::StoreError;
