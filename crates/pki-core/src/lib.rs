//! Issuance and policy for a small private PKI, and the verifier for what it issues.
//!
//! [`Authority`] signs, [`CertificateParameters`] say what is asked for, and a [`Profile`] between them decides.
//! [`verify`] answers whether a chain is good for a purpose. Nothing here touches a socket, a file or
//! the system clock: the caller brings `now` and takes the bytes away.
//!
//! ```
//! use pki_core::{Authority, KeyKind, KeyPair, Profile, CertificateParameters};
//! use x509_identity::{DistinguishedName, SubjectAltName};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let now = time::OffsetDateTime::now_utc();
//! let name = DistinguishedName::builder().organization("Example").common_name("Example Root").build()?;
//! let root = Authority::root(name, KeyPair::generate(KeyKind::P256)?, &Profile::root(), now)?;
//!
//! let key = KeyPair::generate(KeyKind::P256)?;
//! let device = DistinguishedName::builder().common_name("client1").build()?;
//! let parameters = CertificateParameters::for_key(key.public_key_der(), device)
//!     .sans([SubjectAltName::Uri("spiffe://example.org/client1".to_owned())]);
//! let issued = root.issue(&parameters, &Profile::client(), now)?;
//! assert_eq!(issued.certificate().subject().common_name(), Some("client1"));
//! # Ok(())
//! # }
//! ```

mod asn1;
mod crl;
mod issue;
mod key;
mod lint;
pub mod ocsp;
pub mod pem;
mod profile;
mod random;
mod request;
pub mod verify;

pub use crl::{CrlBuildError, CrlBuilder, CrlScope, SignedCrl};
pub use issue::{Authority, IssueError, Issued, certificate_pem};
pub use key::{KeyError, KeyKind, KeyPair, Password, SignError, SignatureAlgorithm, Signer};
pub use lint::{Finding, Severity, lint};
pub use profile::{AllowedNames, NameRule, Profile, Role, ValidityLimits};
pub use request::{CertificateParameters, CertificateRequest, CsrError, RequestedNames};
