//! What one handshake saw, kept beside it.
//!
//! rustls asks for our certificate and shows us the server's through two objects that all
//! connections of a configuration share, so neither can say to which connection an event belongs.
//! A handshake runs inside one future: a task-local carries the attempt to both.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use rustls::client::{
    ClientSessionStore, ResolvesClientCert, Tls12ClientSessionValue, Tls13ClientSessionValue,
};
use rustls::pki_types::ServerName;
use rustls::sign::CertifiedKey;
use rustls::{NamedGroup, SignatureScheme};

use crate::config::current::Current;
use crate::failure::error::{Error, Source};
use crate::handshake::session::Proof;
use crate::identities::Identities;

tokio::task_local! {
    static CURRENT: Arc<Attempt>;
}

/// One handshake: was our certificate asked for and accepted, and why was the server's refused?
#[derive(Debug, Default)]
pub(crate) struct Attempt {
    accepted: AtomicBool,
    asked: AtomicBool,
    tls13: AtomicBool,
    refused: OnceLock<Error>,
    /// Of a full handshake.
    proof: OnceLock<Arc<Proof>>,
    /// Of the session that was offered, and whether our certificate was asked for when it was made.
    offered: OnceLock<(Arc<Proof>, bool)>,
}

impl Attempt {
    /// Runs a handshake, which is noted in `self`.
    pub(crate) async fn watch<F: Future>(self: &Arc<Self>, handshake: F) -> F::Output {
        CURRENT.scope(Arc::clone(self), handshake).await
    }

    /// Whether the server asked for our certificate, now or when the resumed session was made.
    pub(crate) fn asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed) || self.proof().is_some_and(|(_, asked)| asked)
    }

    /// What the failure of this handshake was about.
    pub(crate) fn explain(&self, error: impl Into<Source>) -> Error {
        match self.refused.get() {
            Some(refused) => refused.clone(),
            None => Error::explain(error, self.asked.load(Ordering::Relaxed)),
        }
    }

    /// What is known of the server by this handshake, or by the one that it resumes, and whether our
    /// certificate was asked for in that.
    pub(crate) fn proof(&self) -> Option<(Arc<Proof>, bool)> {
        match self.proof.get() {
            Some(proof) => Some((Arc::clone(proof), self.asked.load(Ordering::Relaxed))),
            None => self.offered.get().cloned(),
        }
    }

    /// Notes that a session is offered, which was made in a handshake that proved `proof`.
    pub(crate) fn note_offered(&self, proof: &Arc<Proof>, asked: bool) {
        let _ = self.offered.set((Arc::clone(proof), asked));
    }

    /// Notes that the server of the current handshake is accepted, by what `proof` gives.
    pub(crate) fn note_accepted(proof: impl FnOnce() -> Proof) {
        let _ = CURRENT.try_with(|attempt| attempt.proof.set(Arc::new(proof())));
    }

    /// Whether the server of the current handshake may still refuse us: in TLS 1.3 it judges after
    /// the client is done, and sends a session ticket, if it has any, once it is content.
    #[cfg(feature = "reqwest")]
    pub(crate) fn verdict_is_due() -> bool {
        let is = |flag: &AtomicBool| flag.load(Ordering::Relaxed);
        CURRENT
            .try_with(|attempt| is(&attempt.asked) && is(&attempt.tls13) && !is(&attempt.accepted))
            .unwrap_or(false)
    }

    /// Notes that the current handshake is one of TLS 1.3.
    pub(crate) fn note_tls13() {
        let _ = CURRENT.try_with(|attempt| attempt.tls13.store(true, Ordering::Relaxed));
    }

    /// Notes why the server of the current handshake is refused.
    pub(crate) fn note_refused(error: &Error) {
        // Without an attempt somebody uses the configuration apart from our connector.
        let _ = CURRENT.try_with(|attempt| attempt.refused.set(error.clone()));
    }
}

/// Shows a certificate of one generation to every server that asks.
#[derive(Debug)]
pub(crate) struct AlwaysShow(pub(crate) Arc<Identities>);

impl ResolvesClientCert for AlwaysShow {
    fn resolve(&self, issuers: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let _ = CURRENT.try_with(|attempt| attempt.asked.store(true, Ordering::Relaxed));
        Some(self.0.fitting(issuers, schemes))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// Shows a certificate of the generation that is current then.
#[derive(Debug)]
pub(crate) struct ShowCurrent(pub(crate) Arc<Current>);

impl ResolvesClientCert for ShowCurrent {
    fn resolve(&self, issuers: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.generation().shown.resolve(issuers, schemes)
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// Keeps no session, and takes the arrival of a ticket for what it tells.
#[derive(Debug)]
pub(crate) struct NoSessions;

impl ClientSessionStore for NoSessions {
    fn set_kx_hint(&self, _: ServerName<'static>, _: NamedGroup) {}

    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        None
    }

    fn set_tls12_session(&self, _: ServerName<'static>, _: Tls12ClientSessionValue) {}

    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        None
    }

    fn remove_tls12_session(&self, _: &ServerName<'static>) {}

    fn insert_tls13_ticket(&self, _: ServerName<'static>, _: Tls13ClientSessionValue) {
        let _ = CURRENT.try_with(|attempt| attempt.accepted.store(true, Ordering::Relaxed));
    }

    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        None
    }
}
