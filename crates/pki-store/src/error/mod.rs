//! Why something was not done.

mod acme;
mod issue;
mod store;

pub use acme::AcmeError;
pub use issue::{AttestationError, CrlError, IssueError, TokenError};
#[cfg(feature = "tls")]
pub(crate) use store::Cause;
pub use store::StoreError;
