//! Reading files of other writers, within limits.
//!
//! `file` reads the outermost structure and its MAC, `contents` the parts and bags below it. `ber` turns
//! what is not DER into DER first. `pbe` decrypts, and pays for each key derivation.

mod archive;
mod attributes;
pub(crate) mod ber;
mod contents;
mod error;
mod file;
mod limits;
mod mac;
mod place;
mod protection;

#[cfg(test)]
mod tests;

pub(crate) use contents::{Contents, data_of};
pub(crate) use mac::Mac;

pub use archive::{Archive, ArchivedCertificate, ArchivedKey};
pub use attributes::BagAttributes;
pub use error::ReadError;
pub use limits::Limits;
pub use place::{Limit, Place};
pub use protection::{Pbkdf2Prf, Protection, Scheme};
