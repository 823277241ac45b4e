//! What devices prove of themselves when they ask for a certificate: challenges, evidence, and what a profile makes of it.
//!
//! `pki-attest` verifies. Here is what is around it: which evidence a profile asks for, what is read from the store for it,
//! and what is written there with the certificate.

pub(crate) mod challenges;
pub(crate) mod evidence;
pub(crate) mod judge;
pub(crate) mod policy;
pub(crate) mod refusal;
pub(crate) mod requirement;
