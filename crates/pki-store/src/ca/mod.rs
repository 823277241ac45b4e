//! The CA that remembers: what it signs is recorded before and after.

mod again;
mod authority;
mod crl;
mod issue;
mod order;
mod settle;
mod upstream;

pub use authority::CertificateAuthority;
pub use order::{IssuedRecord, Order};
pub use settle::Settled;
