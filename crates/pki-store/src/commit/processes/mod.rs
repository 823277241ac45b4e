//! Processes that share a store: which of them does what, and whether their clocks agree.

pub(in crate::commit) mod beat;
pub(in crate::commit) mod lease;
