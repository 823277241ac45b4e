//! Android Key Attestation: is this key in the hardware of a genuine device, and who may use it?
//!
//! The device makes a chain of certificates for a key. The leaf has an extension that describes the key, the device and
//! the app ([`KeyDescription`]); the root is Google's. [`verify`] holds chain and description against a [`Policy`].
//! The attested key is the key of the certificate request, so that the evidence proves where the TLS key is.
//!
//! Source: source.android.com, "Key and ID attestation"; developer.android.com, "Verify hardware-backed key pairs with
//! key attestation".

mod chain;
mod description;
mod json;
mod patch_level;
mod policy;
mod provisioning;
mod read;
mod refusal;
mod roots;
mod status;
mod tlv;
mod verify;

pub use description::{
    AppPackage, AttestationApplicationId, AuthorizationList, KeyDescription, Origin, RootOfTrust,
    SecurityLevel, VerifiedBootState,
};
pub use patch_level::PatchLevel;
pub use policy::{AllowedPackage, Policy};
pub use refusal::{AndroidRefusal, DescriptionError};
pub use roots::google_roots;
pub use status::{StatusError, StatusList};
pub use verify::{ExpectedKey, KeyAttestation, verify};
