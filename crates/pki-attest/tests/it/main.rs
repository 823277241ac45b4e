//! Evidence of devices, good and bad.
#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod android;
mod any_bytes;
mod apple;
mod changed;
mod key_description;
mod limits;
mod managed_device;
mod simulator;
