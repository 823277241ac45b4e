//! What one handshake finds out, on its way from rustls' callbacks to the door.
//!
//! rustls asks the verifier, the session store and the ticket maker inside the poll of the accept
//! future, and none of them has room for a path or a reason, nor an argument that says which
//! connection it is about. So the door runs that future in a scope of a [`Handshake`]: each
//! certificate is parsed once, an audit event can name whom it refused, and a session knows whose
//! it is.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pki_core::verify::VerifyError;
use x509_identity::Certificate;

use crate::verify::verdict_cache::Verified;

/// What the verifier decided about the certificate that was shown.
#[derive(Debug)]
pub(crate) enum Verdict {
    Refused {
        error: VerifyError,
        claimed: Option<Arc<Certificate>>,
    },
    Verified(Arc<Verified>),
}

/// A session that was offered and may be resumed; rustls may still decide otherwise.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// Whose it is, judged again a moment ago; nobody's where certificates are optional.
    pub(crate) client: Option<Arc<Verified>>,
    /// When the full handshake was, in seconds since 1970.
    pub(crate) began: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) verdict: Option<Verdict>,
    pub(crate) session: Option<Session>,
}

/// The findings of one handshake.
#[derive(Debug, Default)]
pub(crate) struct Handshake(Mutex<Findings>);

tokio::task_local! {
    static CURRENT: Arc<Handshake>;
}

impl Handshake {
    /// Runs `future` with these findings to write to.
    pub(crate) async fn watch<F: Future>(future: F) -> (F::Output, Findings) {
        let handshake = Arc::new(Self::default());
        let output = CURRENT.scope(Arc::clone(&handshake), future).await;
        let findings = std::mem::take(&mut *handshake.lock());
        (output, findings)
    }

    fn lock(&self) -> MutexGuard<'_, Findings> {
        // No code that can panic runs under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes the verdict down; false outside of any handshake.
pub(crate) fn judged(verdict: Verdict) -> bool {
    let write = |handshake: &Arc<Handshake>| {
        let mut findings = handshake.lock();
        // A certificate is asked for in full handshakes only: no session is resumed.
        findings.session = None;
        findings.verdict = Some(verdict);
    };
    CURRENT.try_with(write).is_ok()
}

/// Writes down that this session was found; false outside of any handshake.
pub(crate) fn recalled(session: Session) -> bool {
    let write = |handshake: &Arc<Handshake>| handshake.lock().session = Some(session);
    CURRENT.try_with(write).is_ok()
}

/// Whom the verifier let pass in this handshake.
pub(crate) fn verified() -> Option<Arc<Verified>> {
    let read = |handshake: &Arc<Handshake>| match &handshake.lock().verdict {
        Some(Verdict::Verified(verified)) => Some(Arc::clone(verified)),
        _ => None,
    };
    CURRENT.try_with(read).ok().flatten()
}

/// The session that this handshake began or goes on with, seen at `now`; none outside of any.
pub(crate) fn session(now: u64) -> Option<Session> {
    let read = |handshake: &Arc<Handshake>| {
        let findings = handshake.lock();
        match (&findings.session, &findings.verdict) {
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
        }
    };
    CURRENT.try_with(read).ok().flatten()
}
