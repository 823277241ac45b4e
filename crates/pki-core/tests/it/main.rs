//! What may be issued, issuing it, and verifying it.
#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod crl;
mod csr;
mod issue;
mod keys;
mod lint;
mod ocsp;
mod ocsp_kit;
mod public_ca;
mod verify;
mod verify_kit;
