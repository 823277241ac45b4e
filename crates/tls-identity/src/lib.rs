#![doc = include_str!("../README.md")]

mod alert;
mod error;
mod file;
mod files;
mod found;
mod identity;

pub use alert::certificate_error;
pub use error::IdentityError;
pub use file::{FileError, read_file};
pub use files::{Content, IdentityFileError, IdentityFiles};
pub use found::Found;
pub use identity::{Identity, certificates};

/// The password of a key or a bundle, and why it cannot be read from a file.
pub use pki_core::{Password, PasswordFileError};
