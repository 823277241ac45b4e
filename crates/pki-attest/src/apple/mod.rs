//! Apple App Attest: is this a genuine instance of the app, on a genuine device?
//!
//! An app makes a key in the Secure Enclave, has Apple attest it once ([`verify_attestation`]), and from then on signs
//! what it sends with it ([`verify_assertion`]). The key can sign nothing but such assertions. So it is never the key of
//! a TLS certificate: what is asserted may be the hash of a certificate request ([`ClientData::of_request`]), which
//! says that a genuine app has asked for it, and nothing about where the TLS key is.
//!
//! A device that an organization manages can have more: Apple certifies a key with the device's serial number
//! ([`verify_managed_device`]), and that key may be the one of the TLS certificate.
//!
//! Source: Apple, "Validating apps that connect to your server" and the "Attestation Object Validation Guide".

mod app_id;
mod assertion;
mod attestation;
mod authenticator;
mod cbor;
mod client_data;
mod environment;
mod managed_device;
mod object;
mod refusal;
mod roots;

pub use app_id::{AppId, AppIdError};
pub use assertion::{Asserted, ExpectedAssertion, verify_assertion};
pub use attestation::{
    AppAttestation, ClaimedAttestation, ExpectedAttestation, UnverifiedAttestation,
    verify_attestation,
};
pub use client_data::ClientData;
pub use environment::{Categories, Category, Environment};
pub use managed_device::{
    ExpectedManagedDevice, ManagedDevice, ManagedDeviceRefusal, verify_managed_device,
};
pub use refusal::AppleRefusal;
pub use roots::{app_attestation_root, enterprise_attestation_root};
