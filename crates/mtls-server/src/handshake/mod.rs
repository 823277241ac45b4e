//! From a TCP connection to a client whose certificate is known, or a refusal that says why.

pub(crate) mod context;
pub(crate) mod door;
pub(crate) mod half_open;
pub(crate) mod judge;
pub(crate) mod provider;
pub(crate) mod proxy_protocol;
pub(crate) mod refusal;
pub(crate) mod session;
pub(crate) mod verifier;
