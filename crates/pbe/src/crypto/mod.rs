//! Ciphers, digests and key derivation by the names that key files have for them, over aws-lc-rs and RustCrypto.

mod cipher;
mod digest;
mod kdf;
mod password;
mod prepared;
mod prf;

pub use cipher::Cipher;
pub use digest::Digest;
pub(crate) use kdf::{Pbes1Hash, evp_bytes_to_key, pbkdf1, pbkdf2_blocks};
pub use kdf::{Purpose, Request, derive, pbkdf2, pbkdf2_sha256_together};
pub use password::PasswordOctets;
pub use prepared::Derivation;
pub(crate) use prepared::{Kind as DerivationKind, Prepared, side_by_side};
pub use prf::Prf;
