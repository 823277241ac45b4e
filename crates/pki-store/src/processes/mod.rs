//! The processes that share a store, and their clocks.

mod clock;
mod comparison;

pub use clock::ClockState;
pub(crate) use comparison::{Comparison, Process};
