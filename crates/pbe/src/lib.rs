#![doc = include_str!("../README.md")]

mod asn1;
mod crypto;
mod read;
mod write;

pub use asn1::{Count, EncryptedPrivateKeyInfo, Pbes2Params, Pbkdf2Params, Pkcs12PbeParams, oid};
pub use crypto::{
    Cipher, Derivation, Digest, PasswordOctets, Prf, Purpose, Request, derive, pbkdf2,
    pbkdf2_sha256_together,
};
pub use read::{
    Budget, Limit, Limits, PbeError, Pbkdf2, PemEncryption, Scheme, iterations, parameters,
};
pub use write::{pbes1_3des, pbes2_aes256};
