//! Answers that are kept until they expire, and questions that are asked once at a time.

use std::{
    fmt,
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use lru::LruCache;
use pki_core::ocsp::OcspAnswer;
use time::OffsetDateTime;
use tokio::{
    sync::Mutex as Turn,
    time::{Instant, timeout_at},
};
use x509_identity::Certificate;

use super::ask::OcspQueryError;

/// Bounded: the answer that was not needed for the longest time gives way.
pub(super) struct Cache {
    slots: Mutex<LruCache<Key, Arc<Turn<Remembered>>>>,
}

/// SHA-256 of the certificate and of its issuer.
type Key = [[u8; 32]; 2];

/// What the last question about a certificate came to.
#[derive(Default)]
enum Remembered {
    Answer(OcspAnswer),
    Failed {
        error: Arc<OcspQueryError>,
        at: Instant,
    },
    #[default]
    Nothing,
}

impl Cache {
    pub(super) fn new(size: NonZeroUsize) -> Self {
        Self {
            slots: Mutex::new(LruCache::new(size)),
        }
    }

    pub(super) fn size(&self) -> NonZeroUsize {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.cap()
    }

    /// The answer about `certificate` that is kept and current at `now`, or what `ask` comes to. Whoever comes
    /// while it runs waits for it, until `deadline`, and takes what came of it.
    ///
    /// A failure counts for those who came before it, and for everybody in the time of `forgive` after it.
    pub(super) async fn answer(
        &self,
        certificate: &Certificate,
        issuer: &Certificate,
        now: OffsetDateTime,
        deadline: Deadline,
        forgive: Duration,
        ask: impl AsyncFnOnce() -> Result<OcspAnswer, OcspQueryError>,
    ) -> Result<OcspAnswer, Arc<OcspQueryError>> {
        let slot = self.slot(certificate, issuer);
        let turn = timeout_at(deadline.at, slot.lock()).await;
        // Held while asking. A task that is dropped meanwhile gives it to the next.
        let mut remembered = turn.map_err(|_| Arc::new(OcspQueryError::Timeout(deadline.limit)))?;
        match &*remembered {
            // Without nextUpdate there is always something newer.
            Remembered::Answer(answer) if answer.next_update().is_some_and(|next| now < next) => {
                return Ok(*answer);
            }
            Remembered::Failed { error, at } if *at + forgive >= deadline.arrived => {
                return Err(Arc::clone(error));
            }
            _ => {}
        }
        match ask().await {
            Ok(answer) => {
                *remembered = Remembered::Answer(answer);
                Ok(answer)
            }
            Err(error) => {
                let error = Arc::new(error);
                *remembered = Remembered::Failed {
                    error: Arc::clone(&error),
                    at: Instant::now(),
                };
                Err(error)
            }
        }
    }

    fn slot(&self, certificate: &Certificate, issuer: &Certificate) -> Arc<Turn<Remembered>> {
        let key = [
            *certificate.fingerprint_sha256(),
            *issuer.fingerprint_sha256(),
        ];
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.get_or_insert(key, Arc::default))
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        f.debug_struct("Cache")
            .field("size", &slots.cap())
            .field("used", &slots.len())
            .finish()
    }
}

/// When somebody came, and how long it may take.
#[derive(Clone, Copy)]
pub(super) struct Deadline {
    pub(super) arrived: Instant,
    pub(super) at: Instant,
    pub(super) limit: Duration,
}

impl Deadline {
    pub(super) fn within(limit: Duration) -> Self {
        let arrived = Instant::now();
        Self {
            arrived,
            at: arrived + limit,
            limit,
        }
    }
}
