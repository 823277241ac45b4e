//! Why something was not done.

mod issue;
mod store;

pub use issue::{CrlError, IssueError, TokenError};
pub use store::StoreError;
