//! Issuing: what is recorded before signing and after it.

pub(in crate::commit) mod outcome;
pub(in crate::commit) mod reserve;
pub(in crate::commit) mod upstream;
