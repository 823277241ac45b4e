//! The structures of RFC 8018 (PKCS #5), and of RFC 7292 and RFC 7914 what belongs to them.

mod count;
pub mod oid;
mod params;

pub use count::Count;
pub use params::{EncryptedPrivateKeyInfo, Pbes2Params, Pbkdf2Params, Pkcs12PbeParams};
pub(crate) use params::{PbeParams, Rc2CbcParams, ScryptParams};
