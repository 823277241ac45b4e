#![doc = include_str!("../README.md")]

mod error;
mod generate;
mod key;
mod module;
mod object;
mod public_key;
mod remove;
mod signature;
mod uri;

pub use error::TokenError;
pub use key::TokenKey;
pub use module::Module;
pub use uri::{TokenUri, TokenUriError};
