#![doc = include_str!("../README.md")]

mod ca;
mod crl;
pub mod der;
mod files;
mod key;
mod leaf;
pub mod params;
mod signed;

pub use ca::Ca;
pub use crl::Crl;
pub use key::KeyKind;
pub use leaf::{Leaf, LeafFiles};
/// What parameters and keys are made of: its types are in this crate's signatures.
pub use rcgen;
