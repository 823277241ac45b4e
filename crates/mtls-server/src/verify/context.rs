//! What one handshake finds out, on its way from rustls' callbacks to the acceptor.
//!
//! rustls calls the verifier, the session storage and the ticketer while the handshake is polled.
//! None of these calls has an argument that says which connection it is about, and none can return
//! a verified chain or a reason. So the acceptor runs the handshake in the scope of a task-local
//! [`HandshakeContext`], which the callbacks write to: each certificate is parsed once, an audit
//! event can name the client that was refused, and a session knows whose it is.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pki_core::verify::VerifyError;
use x509_identity::{Certificate, DistinguishedName};

use crate::verify::verdict_cache::Verified;

/// What the verifier decided about the certificate that was presented.
#[derive(Debug)]
pub(crate) enum Verdict {
    Refused {
        error: VerifyError,
        claimed: Option<Claimed>,
    },
    Verified(Arc<Verified>),
}

/// The certificate of a peer that is refused, as far as it can be read.
#[derive(Clone, Debug)]
pub(crate) enum Claimed {
    Certificate(Arc<Certificate>),
    Subject(DistinguishedName),
}

impl Claimed {
    pub(crate) fn of(der: &[u8]) -> Option<Self> {
        match Certificate::from_der(der) {
            Ok(certificate) => Some(Self::Certificate(Arc::new(certificate))),
            Err(_) => Certificate::subject_of_unreadable(der).map(Self::Subject),
        }
    }

    pub(crate) fn certificate(&self) -> Option<&Certificate> {
        match self {
            Self::Certificate(certificate) => Some(certificate),
            Self::Subject(_) => None,
        }
    }

    pub(crate) fn subject(&self) -> &DistinguishedName {
        match self {
            Self::Certificate(certificate) => certificate.subject(),
            Self::Subject(subject) => subject,
        }
    }
}

/// A session that was offered and may be resumed. rustls may still decide otherwise.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// Whose it is, verified again a moment ago. `None` for an anonymous client.
    pub(crate) client: Option<Arc<Verified>>,
    /// When the full handshake was, in seconds since 1970.
    pub(crate) began: u64,
}

/// What one handshake has found out.
#[derive(Debug, Default)]
pub(crate) struct HandshakeContext {
    pub(crate) verdict: Option<Verdict>,
    pub(crate) session: Option<Session>,
}

tokio::task_local! {
    static CONTEXT: Arc<Mutex<HandshakeContext>>;
}

impl HandshakeContext {
    /// Runs a handshake with a context of its own.
    pub(crate) async fn scope<F: Future>(handshake: F) -> (F::Output, Self) {
        let context = Arc::new(Mutex::default());
        let output = CONTEXT.scope(Arc::clone(&context), handshake).await;
        let context = std::mem::take(&mut *lock(&context));
        (output, context)
    }
}

fn lock(context: &Mutex<HandshakeContext>) -> MutexGuard<'_, HandshakeContext> {
    // No code that can panic runs under the lock.
    context.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Calls `f` with the context of this handshake; `None` outside of any.
fn with<T>(f: impl FnOnce(&mut HandshakeContext) -> T) -> Option<T> {
    CONTEXT.try_with(|context| f(&mut lock(context))).ok()
}

/// Notes the verdict. False outside of any handshake.
pub(crate) fn note_verdict(verdict: Verdict) -> bool {
    with(|context| {
        // A certificate is asked for in full handshakes only, so no session is resumed.
        context.session = None;
        context.verdict = Some(verdict);
    })
    .is_some()
}

/// Notes that this session was found. False outside of any handshake.
pub(crate) fn note_session(session: Session) -> bool {
    with(|context| context.session = Some(session)).is_some()
}

/// Whom the verifier has accepted in this handshake.
pub(crate) fn verified() -> Option<Arc<Verified>> {
    with(|context| match &context.verdict {
        Some(Verdict::Verified(verified)) => Some(Arc::clone(verified)),
        _ => None,
    })
    .flatten()
}

/// The session that this handshake begins or resumes, seen at `now`; `None` outside of any.
pub(crate) fn session(now: u64) -> Option<Session> {
    with(|context| match (&context.session, &context.verdict) {
        (Some(session), _) => Some(session.clone()),
        (None, Some(Verdict::Refused { .. })) => None,
        (None, Some(Verdict::Verified(verified))) => Some(Session {
            client: Some(Arc::clone(verified)),
            began: now,
        }),
        (None, None) => Some(Session {
            client: None,
            began: now,
        }),
    })
    .flatten()
}
