#![doc = include_str!("../README.md")]

mod document;
mod page;
mod platform;
#[cfg(feature = "serve")]
mod qr;
#[cfg(feature = "serve")]
mod serve;
#[cfg(feature = "serve")]
mod vault;

pub use document::document;
pub use page::{Delivery, Invitation, Link, Names, Page, PasswordHint};
pub use platform::Platform;
#[cfg(feature = "serve")]
pub use qr::{qr_svg, qr_text};
#[cfg(feature = "serve")]
pub use serve::{Site, Taken, network_address};
#[cfg(feature = "serve")]
pub use vault::{KeyFile, LinkError, LinkToken, Opened, Package, Vault, VaultError, new_password};
