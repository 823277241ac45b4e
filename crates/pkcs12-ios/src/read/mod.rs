//! Reading files of other writers, within limits.
//!
//! `file` reads the outermost structure and its MAC, `contents` the parts and bags below it. `ber` turns
//! what is not DER into DER first. `pbe` decrypts, and pays for each key derivation.

mod archive;
mod attributes;
mod ber;
mod contents;
mod error;
mod file;
mod limits;
mod mac;
mod place;

#[cfg(test)]
mod tests;

pub use archive::{Archive, ArchivedCertificate, ArchivedKey};
pub use attributes::BagAttributes;
pub use error::ReadError;
pub use limits::Limits;
pub use place::{Limit, Place};
