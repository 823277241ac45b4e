//! Enrolment and publishing, over HTTP.
#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod acme;
mod attestation;
mod est;
mod json;
mod publishing;
mod support;
