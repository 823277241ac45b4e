#![doc = include_str!("../README.md")]

mod document;
mod page;
#[cfg(feature = "serve")]
mod serve;

pub use document::document;
pub use page::{Link, Names, Page, PasswordHint};
#[cfg(feature = "serve")]
pub use serve::Site;
