//! CRLs: made, signed and read. Obeying them is for [`verify`](crate::verify).
//!
//! `fields`, `entry`, `distribution_point` and `header` read DER, and `document` is one CRL that was read. `builder`
//! makes one, by the encoders in `encode`.

mod builder;
mod distribution_point;
mod document;
mod encode;
mod entry;
mod error;
mod fields;
mod header;

pub use builder::{CrlBuildError, CrlBuilder, SignedCrl};
pub use distribution_point::CrlScope;
pub use document::{Crl, CrlReadError, crl_pem};
pub use entry::CrlEntry;
pub(crate) use entry::Entry;
pub use error::CrlError;
pub(crate) use fields::magnitude;
pub(crate) use header::Header;
