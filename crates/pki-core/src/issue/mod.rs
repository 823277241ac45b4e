//! Issuing along one path: request, profile, to-be-signed bytes, judge, sign.

mod authority;
mod error;
mod judge;
mod tbs;

pub use authority::{Authority, Issued, certificate_pem};
pub use error::IssueError;
