//! A client for plain HTTP.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(unreachable_pub, reason = "shared between test crates by `mod`")]
#![allow(clippy::unwrap_used, reason = "tests")]

pub mod ca;
pub mod enrollment;
pub mod http;
