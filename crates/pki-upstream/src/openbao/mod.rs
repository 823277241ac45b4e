//! OpenBao and Vault, whose APIs are the same here: the secrets engine `pki` as a CA, and `transit` as a key.

mod api;
mod error;
mod names;
mod pki;
mod token;
mod transit;

pub use api::{Api, mount_path};
pub use error::{ApiError, Said};
pub use pki::{OpenBaoPki, Signing};
pub use token::Token;
pub use transit::{TransitError, TransitKey};
