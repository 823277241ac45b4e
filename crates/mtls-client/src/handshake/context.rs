//! What is known of one handshake, kept beside it.
//!
//! rustls asks for our certificate and hands us the server's through objects that all connections of
//! a configuration share, so none of them can say to which connection an event belongs. A handshake
//! runs inside one future: a task-local carries its context to all of them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use rustls::sign::CertifiedKey;
use rustls::time_provider::TimeProvider;

use crate::failure::error::{Error, Source};
use crate::failure::presented::Presented;
use crate::handshake::verified_chain::{SessionOrigin, VerifiedChain};

tokio::task_local! {
    static CURRENT: Arc<HandshakeContext>;
}

/// One handshake: was our certificate requested and accepted, and why was the server's refused?
#[derive(Debug)]
pub(crate) struct HandshakeContext {
    clock: Arc<dyn TimeProvider>,
    presented: OnceLock<Presented>,
    ticket_received: AtomicBool,
    tls13: AtomicBool,
    /// The port that is dialled, where reqwest dials.
    #[cfg(feature = "reqwest")]
    port: OnceLock<u16>,
    refusal: OnceLock<Error>,
    /// Of a full handshake.
    verified: OnceLock<Arc<VerifiedChain>>,
    /// Of the session that was offered.
    offered: OnceLock<SessionOrigin>,
}

impl HandshakeContext {
    /// Of a handshake that is judged by `clock`.
    pub(crate) fn new(clock: Arc<dyn TimeProvider>) -> Self {
        Self {
            clock,
            presented: OnceLock::new(),
            ticket_received: AtomicBool::new(false),
            tls13: AtomicBool::new(false),
            #[cfg(feature = "reqwest")]
            port: OnceLock::new(),
            refusal: OnceLock::new(),
            verified: OnceLock::new(),
            offered: OnceLock::new(),
        }
    }

    /// Runs a handshake whose events are noted in `self`.
    pub(crate) async fn run<F: Future>(self: &Arc<Self>, handshake: F) -> F::Output {
        CURRENT.scope(Arc::clone(self), handshake).await
    }

    /// Calls what begins a handshake, whose events are noted in `self`.
    #[cfg(feature = "reqwest")]
    pub(crate) fn enter<T>(self: &Arc<Self>, begin: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(Arc::clone(self), begin)
    }

    /// What we presented, now or when the resumed session was made. `None` if the server requested no certificate.
    pub(crate) fn presented(&self) -> Option<Presented> {
        let now = self.presented.get().cloned();
        now.or_else(|| self.origin()?.presented)
    }

    /// What the failure of this handshake was about.
    pub(crate) fn explain(&self, error: impl Into<Source>) -> Error {
        match self.refusal.get() {
            Some(refusal) => refusal.clone(),
            None => Error::explain(error, self.presented.get()),
        }
    }

    /// The full handshake that a session of this connection comes from: this one, or the one that it resumes.
    pub(crate) fn origin(&self) -> Option<SessionOrigin> {
        match self.verified.get() {
            Some(verified) => Some(SessionOrigin {
                verified: Arc::clone(verified),
                presented: self.presented.get().cloned(),
            }),
            None => self.offered.get().cloned(),
        }
    }

    /// Notes that a session is offered, which comes from `origin`.
    pub(crate) fn note_offered(&self, origin: SessionOrigin) {
        let _ = self.offered.set(origin);
    }

    /// Whether the server of the current handshake may still refuse us: in TLS 1.3 it judges after
    /// the client is done, and sends a session ticket, if it has any, once it accepts.
    #[cfg(feature = "reqwest")]
    pub(crate) fn verdict_is_due() -> bool {
        let is = |flag: &AtomicBool| flag.load(Ordering::Relaxed);
        CURRENT
            .try_with(|context| {
                context.presented.get().is_some()
                    && is(&context.tls13)
                    && !is(&context.ticket_received)
            })
            .unwrap_or(false)
    }

    /// Notes the port that the current connection goes to.
    #[cfg(feature = "reqwest")]
    pub(crate) fn note_port(port: u16) {
        note(|context| _ = context.port.set(port));
    }

    /// The port that the current connection goes to, where it was noted.
    #[cfg(feature = "reqwest")]
    pub(crate) fn port() -> Option<u16> {
        CURRENT
            .try_with(|context| context.port.get().copied())
            .ok()?
    }

    /// Notes that the server of the current handshake requested our certificate, and is presented this one, unless it is
    /// `withheld` as the server accepts no signature by its key.
    pub(crate) fn note_presented(identity: &Arc<CertifiedKey>, withheld: bool) {
        note(|context| {
            _ = context.presented.set(Presented {
                identity: Arc::clone(identity),
                clock: Arc::clone(&context.clock),
                withheld,
            });
        });
    }

    /// Notes why the server of the current handshake is refused.
    pub(crate) fn note_refused(error: &Error) {
        note(|context| _ = context.refusal.set(error.clone()));
    }

    /// Notes that the current connection received a session ticket.
    pub(crate) fn note_ticket() {
        note(|context| context.ticket_received.store(true, Ordering::Relaxed));
    }

    /// Notes that the current handshake is one of TLS 1.3.
    pub(crate) fn note_tls13() {
        note(|context| context.tls13.store(true, Ordering::Relaxed));
    }

    /// Notes that the server of the current handshake is accepted, with the chain that `verified` gives.
    pub(crate) fn note_verified(verified: impl FnOnce() -> VerifiedChain) {
        note(|context| _ = context.verified.set(Arc::new(verified())));
    }
}

/// Without a context, somebody uses the configuration apart from our connector.
fn note(event: impl FnOnce(&HandshakeContext)) {
    let _ = CURRENT.try_with(|context| event(context));
}
