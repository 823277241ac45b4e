//! Apple Managed Device Attestation: is this key in the Secure Enclave of a managed device, and of which one?
//!
//! A device that an organization manages makes a key, and Apple certifies it with the serial number of the device and
//! the hash of a challenge. It is how such a device answers ACME's `device-attest-01`, with a statement of the format
//! `apple`. Unlike App Attest's key, the attested key is the one that the device asks a certificate for.
//!
//! Source: draft-ietf-acme-device-attest; Apple Platform Deployment, "Managed Device Attestation for Apple devices".

mod refusal;
mod statement;
mod verify;

pub use refusal::ManagedDeviceRefusal;
pub use verify::{ExpectedManagedDevice, ManagedDevice, verify_managed_device};
