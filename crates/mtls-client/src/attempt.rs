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

use crate::current::Current;
use crate::error::{Error, Source};

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
}

impl Attempt {
    /// Runs a handshake, and gives what it came to and what it saw.
    pub(crate) async fn watch<F: Future>(handshake: F) -> (F::Output, Arc<Self>) {
        let attempt = Arc::new(Self::default());
        let outcome = CURRENT.scope(Arc::clone(&attempt), handshake).await;
        (outcome, attempt)
    }

    /// Whether the server asked for our certificate.
    pub(crate) fn asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// What the failure of this handshake was about.
    pub(crate) fn explain(&self, error: impl Into<Source>) -> Error {
        match self.refused.get() {
            Some(refused) => refused.clone(),
            None => Error::explain(error, self.asked()),
        }
    }

    /// Whether the server of the current handshake may still refuse us: in TLS 1.3 it judges after
    /// the client is done, and sends a session ticket, if it has any, once it is content.
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

/// Shows a certificate of the current generation to every server that asks.
#[derive(Debug)]
pub(crate) struct AlwaysShow(pub(crate) Arc<Current>);

impl ResolvesClientCert for AlwaysShow {
    fn resolve(&self, issuers: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let _ = CURRENT.try_with(|attempt| attempt.asked.store(true, Ordering::Relaxed));
        Some(self.0.generation().identities.fitting(issuers, schemes))
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
