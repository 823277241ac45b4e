#![doc = include_str!("../README.md")]

pub mod android;
pub mod apple;
mod chain;
#[cfg(feature = "simulator")]
pub mod simulator;
mod verdict;

pub use chain::ChainFault;
pub use verdict::{Binding, Keeper, Minimum, TooLittle, Verdict};

use base16ct::lower::encode_string as hex;

/// Octets in a message: in hex, and of many the first ones.
fn shown(octets: &[u8]) -> String {
    match octets.split_at_checked(64) {
        _ if octets.is_empty() => "nothing".to_owned(),
        Some((first, [_, ..])) => format!("{}... ({} bytes)", hex(first), octets.len()),
        _ => hex(octets),
    }
}
