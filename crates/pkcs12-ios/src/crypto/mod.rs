//! Ciphers, digests and key derivation by the names that PKCS#12 has for them, over aws-lc-rs and RustCrypto.

mod cipher;
mod digest;
mod kdf;
mod password;

pub(crate) use cipher::Cipher;
pub(crate) use digest::Digest;
pub(crate) use kdf::{Purpose, Request, derive, pbkdf2, pbkdf2_sha256_together};
pub(crate) use password::PasswordOctets;
