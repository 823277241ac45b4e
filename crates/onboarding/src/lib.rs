#![doc = include_str!("../README.md")]

mod document;
mod page;
#[cfg(feature = "serve")]
mod serve;

pub use askama::Error as RenderError;
pub use document::document;
pub use page::{Page, PasswordHint};
#[cfg(feature = "serve")]
pub use serve::Site;
