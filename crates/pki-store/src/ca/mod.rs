//! The CA that remembers: what it signs is recorded before and after.

mod authority;
mod crl;
mod error;
mod order;

pub use authority::CertificateAuthority;
pub use error::{CrlError, IssueError};
pub use order::{IssuedRecord, Order};
