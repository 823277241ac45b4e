//! One TLS handshake: which certificate is presented, which server is accepted, what is resumed.

pub(crate) mod attempt;
pub(crate) mod session;
pub(crate) mod verifier;
