//! HTTP clients on a connector: made anew when something is replaced, and requests sent again.

pub(crate) mod retry;
pub(crate) mod rotating;

#[cfg(feature = "reqwest")]
mod reqwest;
