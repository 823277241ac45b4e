//! Set-ups with one fault each, and what the doctor finds.
#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod bundles;
mod chains;
mod configurations;
mod files;
mod healthy;
mod hostile;
mod lab_refused;
mod leaves;
mod names_and_ends;
mod setup;
