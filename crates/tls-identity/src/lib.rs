#![doc = include_str!("../README.md")]

mod alert;
mod causes;
mod error;
mod file;
mod files;
mod identity;
mod point;
mod problems;
mod refusal;
mod signer;

pub use alert::{alert_name, certificate_error};
pub use causes::with_causes;
pub use error::IdentityError;
pub use file::{FileError, read_file};
pub use files::{Content, IdentityFileError, IdentityFiles};
pub use identity::{Identity, certificates};
pub use refusal::{Refusal, RefusalPage};

/// What a file holds in place of what was wanted.
pub use pki_core::pem::Found;
/// The password of a key or a bundle, and why it cannot be read from a file.
pub use pki_core::{Password, PasswordFileError};
