//! What one-time links lead to, encrypted on disk until somebody comes for it.

mod error;
mod package;
mod seal;
mod store;
mod token;

pub use error::{LinkError, VaultError};
pub use package::{KeyFile, Package};
pub use store::{Opened, Vault};
pub use token::{LinkToken, new_password};
