//! CRLs: searching them, and what they say of a path. [`crate::crl`] reads one.
//!
//! From the bottom up: `index` is one CRL, read once and searched by serial number; `file` and `set` hold many,
//! `history` those that came over a network; `revocation` asks them about a path.
//! `revocation_reason` is why a certificate is on one.

mod facts;
mod file;
mod history;
mod index;
mod issuer_name;
mod load_error;
mod revocation;
mod revocation_reason;
mod set;

pub use file::CrlFile;
pub use history::{CrlHistory, CrlResponseError};
pub use load_error::CrlLoadError;
pub use revocation::{ExpiredCrl, Revocation, Scope, UnknownStatus};
pub use revocation_reason::{RevocationReason, UnknownReason};
pub use set::CrlSet;
