#![doc = include_str!("../README.md")]
#![allow(
    clippy::unwrap_used,
    reason = "a generator for tests: what it cannot make is a mistake in the table"
)]

mod authority;
mod case;
mod cases;
mod certificate;
mod crl;
mod extension;
mod key;
mod name;
mod world;

pub use case::{Case, Verdict};
pub use cases::{cases, server};
