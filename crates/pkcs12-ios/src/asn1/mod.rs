//! The structures of RFC 7292 (PKCS #12) and RFC 8018 (PKCS #5), one section a file.

mod content;
pub(crate) mod oid;
mod pbe;
mod pfx;
mod safe_bag;

pub(crate) use content::{ContentInfo, EncryptedContentInfo, EncryptedData};
pub(crate) use pbe::{Pbes2Params, Pbkdf2Params, Pbmac1Params, Pkcs12PbeParams};
pub(crate) use pfx::{DigestInfo, MacData, Pfx};
pub(crate) use safe_bag::{CertBag, EncryptedPrivateKeyInfo, SafeBag};
