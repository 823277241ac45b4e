#![doc = include_str!("../README.md")]

pub mod android;
pub mod apple;
mod chain;
#[cfg(feature = "simulator")]
pub mod simulator;
mod verdict;

pub use chain::ChainFault;
pub use verdict::{Binding, Keeper, Minimum, TooLittle, Verdict};

/// Lower-case hex.
fn hex(octets: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut hex = String::with_capacity(octets.len() * 2);
    for octet in octets {
        // Writing into a String does not fail.
        let _ = write!(hex, "{octet:02x}");
    }
    hex
}
