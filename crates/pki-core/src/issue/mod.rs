//! Issuing along one path: parameters, profile, to-be-signed bytes, judge, sign.

mod authority;
mod error;
mod extensions;
mod issuer_facts;
mod judge;
mod prepared;
mod tbs;

pub use authority::{Authority, Issued, certificate_pem, presented};
pub use error::IssueError;
pub use prepared::Prepared;
