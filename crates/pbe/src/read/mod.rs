//! Schemes: what a file asks for, what that may cost, and decrypting by it.

mod budget;
mod error;
mod kdf;
mod limit;
mod pem;
mod scheme;

pub use budget::{Budget, Limits};
pub use error::{PbeError, iterations};
pub use kdf::{Pbkdf2, parameters};
pub use limit::Limit;
pub use pem::PemEncryption;
pub use scheme::Scheme;
