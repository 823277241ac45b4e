//! Which servers are trusted, apart from the roots that the caller names: pins, and the roots of this machine.

pub(crate) mod pin;
pub(crate) mod pin_policy;
pub(crate) mod platform;
