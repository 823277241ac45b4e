//! What a CA has issued, revoked and refused, and what is left of it after a fault.
#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod credentials;
mod elsewhere;
mod faults;
mod issuing;
mod kit;
mod records;
