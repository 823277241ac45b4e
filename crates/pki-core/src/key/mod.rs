//! Key pairs: made, read from every usual file, written as PKCS#8, and used to sign; and public keys that are weak.

mod decrypt;
mod encoded;
mod error;
mod form;
mod kind;
mod ml_dsa;
mod pair;
mod parsed;
mod password;
mod read;
mod signer;
mod weak;
mod write;

pub use encoded::EncodedKey;
pub(crate) use error::BoxError;
pub use error::KeyError;
pub use kind::KeyKind;
pub use pair::KeyPair;
pub use password::{Password, PasswordFileError};
pub use signer::{SignError, SignatureAlgorithm, Signer};
pub use weak::{BlocklistError, KeyBlocklist, WeakKey, check_public_key};
pub(crate) use weak::{check, is_uncompressed_point};
