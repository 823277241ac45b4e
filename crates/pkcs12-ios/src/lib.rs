//! A key and its certificates as a PKCS#12 file that every device imports.
//!
//! [`Bundle::builder`] writes one, in the [`Encoding`] that its readers need, and refuses parts
//! that do not belong together. [`Bundle::open`] reads one key with its chain; [`Archive::read`]
//! reads whatever a file has, from the writers in use today and long ago, within [`Limits`].
//! [`Profile`] puts the file and its root into an Apple configuration profile.
//!
//! Nothing here reads a file, knows the time or decides on trust.
//!
//! ```
//! use pkcs12_ios::{Bundle, Encoding, Limits};
//! use pki_core::{KeyKind, KeyPair, Password};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let key = KeyPair::generate(KeyKind::P256)?;
//! # let signer = test_pki::rcgen::KeyPair::from_pem(&key.secret_pkcs8_pem())?;
//! # let alice = test_pki::Ca::root("root").client("alice").with_key(signer);
//! # let leaf: &[u8] = alice.der();
//! let password = Password::new("K7Q2-M9XD-4TNH-8RWB");
//! let file = Bundle::builder(&key, leaf)
//!     .friendly_name("alice's phone")
//!     .encoding(Encoding::Compat)
//!     .build(&password)?;
//!
//! let bundle = Bundle::open(&file, &password, &Limits::default())?;
//! assert_eq!(bundle.leaf_der(), leaf);
//! assert_eq!(bundle.friendly_name(), Some("alice's phone"));
//! # Ok(())
//! # }
//! ```

mod asn1;
mod bundle;
mod crypto;
mod link;
mod open_error;
mod profile;
mod read;
mod write;

pub use bundle::Bundle;
pub use link::BrokenLink;
pub use open_error::OpenError;
pub use profile::{Profile, ProfileBuilder, ProfileError};
pub use read::{
    Archive, ArchivedCertificate, ArchivedKey, BagAttributes, Limit, Limits, Place, ReadError,
};
pub use write::{BuildError, BundleBuilder, Encoding, Finding, Target};
