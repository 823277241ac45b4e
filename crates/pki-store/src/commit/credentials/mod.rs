//! What entitles to a certificate: tokens, approvals, what a device has proved.

pub(in crate::commit) mod approval;
pub(in crate::commit) mod attestation;
pub(in crate::commit) mod limited;
pub(in crate::commit) mod token;
