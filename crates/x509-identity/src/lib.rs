#![doc = include_str!("../README.md")]

mod certificate;
mod error;
mod extension;
mod key_usage;
mod name;
pub mod pattern;
pub mod pem;
mod public_key;
mod san;
#[cfg(feature = "serde")]
mod serde_text;
mod serial;
mod signature;
mod spiffe;
mod tlv;
mod validity;

pub use const_oid::ObjectIdentifier;

pub use certificate::{Certificate, MAX_CERTIFICATE_LEN};
pub use error::ParseError;
pub use extension::{BasicConstraints, Extension};
pub use key_usage::{KeyUsage, KeyUsageBit};
pub use name::{
    Attribute, AttributeValue, DistinguishedName, DistinguishedNameBuilder, MAX_NAME_LEN, Rdn,
    StringType, reorders_a_line,
};
pub use public_key::PublicKeyAlgorithm;
pub use san::SubjectAltName;
pub use serial::SerialNumber;
pub use spiffe::{SpiffeId, SpiffeIdError, SvidError};
