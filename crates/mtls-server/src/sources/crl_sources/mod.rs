//! Where CRLs come from: files, directories and URLs.

pub(crate) mod error;
pub(crate) mod loader;
pub(crate) mod source;

mod announced;
mod disk;
mod download;
mod part;
