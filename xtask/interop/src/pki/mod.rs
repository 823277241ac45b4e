//! What a CA makes and publishes: certificates of every kind of key, CSRs, CRLs, OCSP responses, and the `mtls` command.

pub(crate) mod authority;
pub(crate) mod ca;
mod home;
pub(crate) mod key_kinds;
pub(crate) mod ocsp;
pub(crate) mod published;
mod request;
mod softhsm;
