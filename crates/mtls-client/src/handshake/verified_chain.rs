//! What a full handshake established, and what resuming it does not establish again.

use std::sync::Arc;

use rustls::pki_types::{CertificateDer, UnixTime};

use crate::failure::presented::Presented;

/// The chain of a server that was accepted, and when.
#[derive(Debug)]
pub(crate) struct VerifiedChain {
    /// What the server presented, its own certificate first.
    pub(crate) certificates: Vec<CertificateDer<'static>>,
    pub(crate) at: UnixTime,
}

/// The full handshake that a session comes from.
#[derive(Clone, Debug)]
pub(crate) struct SessionOrigin {
    pub(crate) verified: Arc<VerifiedChain>,
    /// What we presented, if the server requested our certificate.
    pub(crate) presented: Option<Presented>,
}
