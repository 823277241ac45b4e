//! A client for plain HTTP.
#![allow(unreachable_pub, reason = "shared between test crates by `mod`")]
pub mod acme;
pub mod ca;
pub mod devices;
pub mod enrollment;
pub mod est;
pub mod http;
