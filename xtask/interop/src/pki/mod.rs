//! What a CA makes and publishes: certificates of every kind of key, CSRs, CRLs, OCSP responses, and the `mtls` command.

pub(crate) mod acme;
pub(crate) mod authority;
mod bao;
pub(crate) mod ca;
pub(crate) mod est;
pub(crate) mod key_kinds;
pub(crate) mod ocsp;
pub(crate) mod published;
mod request;
pub(crate) mod softhsm;
pub(crate) mod upstream;
mod verify;
