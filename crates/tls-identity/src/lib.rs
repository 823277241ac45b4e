#![doc = include_str!("../README.md")]

mod alert;
mod error;
mod file;
mod files;
mod found;
mod identity;
mod problems;

pub use alert::certificate_error;
pub use error::IdentityError;
pub use file::{FileError, read_file};
pub use files::{Content, IdentityFileError, IdentityFiles};
pub use found::Found;
pub use identity::{Identity, certificates};

/// The password of a key or a bundle.
pub use pki_core::Password;
