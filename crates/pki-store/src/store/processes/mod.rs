//! Processes that share a store: which of them does what, and whether their clocks agree.

mod beat;
mod claims;
mod leases;
mod peers;

pub(super) use leases::Leases;
pub(super) use peers::SharedPeers;
