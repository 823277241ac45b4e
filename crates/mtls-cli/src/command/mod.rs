//! One file for each command.

pub(crate) mod completions;
pub(crate) mod inspect;
pub(crate) mod lint;
pub(crate) mod man;
pub(crate) mod p12;
pub(crate) mod verify;
