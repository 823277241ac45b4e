//! The structures of RFC 7292 (PKCS #12) and RFC 5652 (CMS), one section a file.

mod content;
mod ec_private_key;
pub(crate) mod oid;
mod pbmac1;
mod pfx;
mod safe_bag;
#[cfg(feature = "profile")]
mod signed_data;

pub(crate) use content::{ContentInfo, EncryptedContentInfo, EncryptedData};
pub(crate) use ec_private_key::EcPrivateKey;
pub(crate) use pbmac1::Pbmac1Params;
pub(crate) use pfx::{DigestInfo, MacData, Pfx};
pub(crate) use safe_bag::{CertBag, SafeBag};
#[cfg(feature = "profile")]
pub(crate) use signed_data::{
    EncapsulatedContentInfo, IssuerAndSerialNumber, SignedData, SignerInfo,
};
