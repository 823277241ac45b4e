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
