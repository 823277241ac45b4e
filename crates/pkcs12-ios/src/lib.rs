#![doc = include_str!("../README.md")]

mod asn1;
mod bundle;
mod chain;
mod inspect;
mod link;
mod open_error;
mod pair;
#[cfg(feature = "profile")]
mod profile;
mod read;
mod write;

pub use bundle::Bundle;
pub use inspect::{Effect, Inspection, Objection, Outlook, Reader, UnknownReader, inspect};
pub use link::BrokenLink;
pub use open_error::OpenError;
/// What a bundle is made of, and protected by.
pub use pki_core::{KeyPair, Password};
#[cfg(feature = "profile")]
pub use profile::{
    AcmeEnrollment, AcmeKey, Curve, Profile, ProfileBuilder, ProfileError, ScepEnrollment,
    ScepKeySize, SignProfileError,
};
pub use read::{
    Archive, ArchivedCertificate, ArchivedKey, AttributeFault, Bag, BagAttributes, BagContent,
    Limit, Limits, Opened, OtherAttribute, Part, Pbkdf2Prf, Place, Protection, ReadError, Scheme,
    SkippedBag,
};
pub use write::{BuildError, BundleBuilder, Encoding, Finding, Target};
