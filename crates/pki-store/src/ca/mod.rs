//! The CA that remembers: what it signs is recorded before and after.

mod authority;
mod crl;
mod issue;
mod order;

pub use authority::CertificateAuthority;
pub use order::{IssuedRecord, Order};
