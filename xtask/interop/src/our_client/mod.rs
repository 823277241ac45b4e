//! Our client with the servers of others: what they refuse, what it refuses, and its sessions.

mod identity;
pub(crate) mod refusals;
mod sessions;
