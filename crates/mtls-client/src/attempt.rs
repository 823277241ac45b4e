//! What one handshake saw, kept beside it.
//!
//! rustls asks for our certificate and shows us the server's through two objects that all
//! connections of a configuration share, so neither can say to which connection an event belongs.
//! A handshake runs inside one future: a task-local carries the attempt to both.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::sign::CertifiedKey;

use crate::error::{Error, Source};

tokio::task_local! {
    static CURRENT: Arc<Attempt>;
}

/// One handshake: was our certificate asked for, and why was the server's refused?
#[derive(Debug, Default)]
pub(crate) struct Attempt {
    asked: AtomicBool,
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

    /// Notes why the server of the current handshake is refused.
    pub(crate) fn note_refused(error: &Error) {
        // Without an attempt somebody uses the configuration apart from our connector.
        let _ = CURRENT.try_with(|attempt| attempt.refused.set(error.clone()));
    }
}

/// Shows the one certificate to every server that asks, whatever issuers it says to accept.
///
/// Servers' hints are often incomplete (an intermediate's CA, a stale list), and a connection
/// without a certificate is never what the caller of this crate wants.
#[derive(Debug)]
pub(crate) struct AlwaysShow(pub(crate) Arc<CertifiedKey>);

impl ResolvesClientCert for AlwaysShow {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let _ = CURRENT.try_with(|attempt| attempt.asked.store(true, Ordering::Relaxed));
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}
