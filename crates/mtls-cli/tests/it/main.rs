//! The `mtls` command, as its users run it.
#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod attest;
mod ca;
mod common;
mod doctor;
mod import;
mod look;
mod profile;
mod serve;
mod upstream;
