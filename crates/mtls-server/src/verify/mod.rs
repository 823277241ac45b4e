//! Whether a client's certificate is good: in a full handshake, before a session is resumed, and on
//! a connection that is open.
//!
//! The settings of the verifier are those of `pki_core::verify`.

pub(crate) mod client_auth;
pub(crate) mod context;
pub(crate) mod denylist;
pub(crate) mod provider;
pub(crate) mod resumption;
pub(crate) mod session;
pub(crate) mod verdict_cache;
pub(crate) mod verifier;

pub use pki_core::verify::{
    ChainVerifier, CrlSet, ExpiredCrl, Purpose, Revocation, Scope, Strictness, TrustAnchors,
    UnknownStatus, VerifyError, WithoutClientAuth,
};
