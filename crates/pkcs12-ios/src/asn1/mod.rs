//! The structures of RFC 7292 (PKCS #12), one section a file.

mod content;
pub(crate) mod oid;
mod pbmac1;
mod pfx;
mod safe_bag;

pub(crate) use content::{ContentInfo, EncryptedContentInfo, EncryptedData};
pub(crate) use pbmac1::Pbmac1Params;
pub(crate) use pfx::{DigestInfo, MacData, Pfx};
pub(crate) use safe_bag::{CertBag, SafeBag};
