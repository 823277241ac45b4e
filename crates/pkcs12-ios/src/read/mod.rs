//! Reading files of other writers, within limits.
//!
//! `file` reads the outermost structure and its MAC, `contents` the parts and bags below it, for an archive and for an
//! inspection alike. `ber` turns what is not DER into DER first. `pbe` decrypts, and pays for each key derivation.

mod archive;
mod attributes;
mod ber;
mod contents;
mod error;
mod file;
mod limits;
mod mac;
mod part;
mod place;
mod protection;
mod text;

#[cfg(test)]
mod tests;

pub(crate) use contents::Refused;
pub(crate) use file::{Walked, walk};
pub(crate) use part::all_bags;

pub use archive::{Archive, ArchivedCertificate, ArchivedKey, SkippedBag};
pub use attributes::{AttributeFault, BagAttributes, OtherAttribute};
pub use error::ReadError;
pub use limits::Limits;
pub use part::{Bag, BagContent, Opened, Part};
pub use place::{Limit, Place};
pub use protection::{Pbkdf2Prf, Protection, Scheme};
