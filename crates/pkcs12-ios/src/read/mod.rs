//! Reading files of other writers, within limits.
//!
//! `file` reads the outermost structure and its MAC, `contents` the parts and bags below it. `ber` turns
//! what is not DER into DER first, `scheme` decrypts, and `budget` pays for each key derivation.

mod archive;
mod attributes;
mod ber;
mod budget;
mod contents;
mod error;
mod file;
mod limits;
mod mac;
mod place;
mod scheme;

#[cfg(test)]
mod tests;

pub use archive::{Archive, ArchivedCertificate, ArchivedKey};
pub use attributes::BagAttributes;
pub use error::ReadError;
pub use limits::Limits;
pub use place::{Limit, Place};
