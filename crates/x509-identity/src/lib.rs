//! Who a certificate names, and what it may be used for, from one parse.
//!
//! [`Certificate::from_der`] reads a certificate once and keeps the answers: structured names that
//! print as RFC 4514, typed alternative names, usages, identifiers and SHA-256 fingerprints. What
//! cannot be represented exactly is a [`ParseError`], never a shortened or a replaced value.
//!
//! Nothing here decides whether a certificate is to be trusted: no signature is checked, and no
//! clock is read. A self-signed, expired or version 1 certificate parses.
//!
//! ```
//! use x509_identity::DistinguishedName;
//!
//! # fn main() -> Result<(), x509_identity::ParseError> {
//! let name = DistinguishedName::builder()
//!     .country("NO")
//!     .organization("Évil, Ltd")
//!     .common_name("Ådne \"X\"")
//!     .build()?;
//!
//! assert_eq!(name.to_string(), r#"CN=Ådne \"X\",O=Évil\, Ltd,C=NO"#);
//! assert_eq!(name.to_string().parse::<DistinguishedName>()?, name);
//! assert_eq!(DistinguishedName::from_der(&name.to_der())?.common_name(), Some("Ådne \"X\""));
//! # Ok(())
//! # }
//! ```

mod certificate;
mod error;
mod extension;
mod key_usage;
mod name;
pub mod pattern;
mod public_key;
mod san;
mod serial;
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
    StringType,
};
pub use public_key::PublicKeyAlgorithm;
pub use san::SubjectAltName;
pub use serial::SerialNumber;
pub use spiffe::{SpiffeId, SpiffeIdError, SvidError};
