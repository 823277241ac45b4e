//! Issuing along one path: parameters, profile, to-be-signed bytes, judge, sign.

mod authority;
mod error;
mod extensions;
mod issuer_facts;
mod judge;
mod key_elsewhere;
mod prepared;
mod returned;
mod tbs;

pub use authority::{Authority, Issued, certificate_pem, presented};
pub use error::IssueError;
pub use prepared::Prepared;
pub use returned::ReturnedError;
