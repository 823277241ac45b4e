//! One TLS handshake: which certificate is presented, which server is accepted, what is resumed.

pub(crate) mod context;
pub(crate) mod identity_resolver;
pub(crate) mod session_store;
pub(crate) mod sessions;
pub(crate) mod verified_chain;
pub(crate) mod verifier;
