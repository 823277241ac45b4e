//! Why something was not done.

mod issue;
mod store;

pub use issue::{CrlError, IssueError};
pub use store::StoreError;
