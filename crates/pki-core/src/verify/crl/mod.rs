//! Certificate revocation lists: reading them, searching them, and what they say of a path.

mod facts;
mod file;
mod header;
mod index;
mod revocation;
mod set;

pub use file::CrlFile;
pub use index::{CrlError, RevocationReason};
pub use revocation::{ExpiredCrl, Revocation, Scope, UnknownStatus};
pub use set::{CrlLoadError, CrlSet};
