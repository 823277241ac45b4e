//! Each refusal is recorded once: an audit event, and metrics.

use std::{net::SocketAddr, time::Instant};

use crate::{
    handshake::refusal::{Refusal, RefusalReason},
    observe::{audit, metrics},
};

/// Records a connection that came at `began`.
pub(super) fn record(refusal: &Refusal, peer: SocketAddr, began: Instant) {
    audit::refused(&refusal.audited(peer));
    let reason = refusal.reason();
    let alert = reason.alert().and_then(|alert| alert.as_str());
    metrics::refused(reason.code(), alert, refusal.version, began.elapsed());
}

/// Writes the audit event of a handshake that is dropped halfway, as by a server that shuts down.
pub(super) struct Unrecorded(pub(super) Option<SocketAddr>);

impl Unrecorded {
    pub(super) fn recorded(mut self) {
        self.0 = None;
    }
}

impl Drop for Unrecorded {
    fn drop(&mut self) {
        if let Some(peer) = self.0 {
            audit::refused(&Refusal::new(RefusalReason::Interrupted).audited(peer));
        }
    }
}
