//! Responses that are cached until they expire, and requests that are sent once at a time.

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

use super::query::OcspQueryError;

/// Bounded: the response that was not used for the longest time makes room.
pub(super) struct Cache {
    slots: Mutex<LruCache<Key, Arc<Turn<Remembered>>>>,
}

/// SHA-256 of the certificate and of its issuer.
type Key = [[u8; 32]; 2];

/// The outcome of the last request about a certificate.
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

    /// The cached response about `certificate`, if it is still current at `now`, or else the outcome of
    /// `query`. Other callers wait for it meanwhile, until `deadline`, and share the outcome.
    ///
    /// A failure also counts for those who were already waiting, and for everybody within `forgive`
    /// after it.
    pub(super) async fn answer(
        &self,
        certificate: &Certificate,
        issuer: &Certificate,
        now: OffsetDateTime,
        deadline: Deadline,
        forgive: Duration,
        query: impl AsyncFnOnce() -> Result<OcspAnswer, OcspQueryError>,
    ) -> Result<OcspAnswer, Arc<OcspQueryError>> {
        let slot = self.slot(certificate, issuer);
        let turn = timeout_at(deadline.at, slot.lock()).await;
        // Locked during the request. If the task is dropped, the next one takes over.
        let mut remembered = turn.map_err(|_| Arc::new(OcspQueryError::Timeout(deadline.limit)))?;
        match &*remembered {
            // Without nextUpdate newer information is always available.
            Remembered::Answer(answer) if answer.next_update().is_some_and(|next| now < next) => {
                return Ok(*answer);
            }
            Remembered::Failed { error, at } if *at + forgive >= deadline.arrived => {
                return Err(Arc::clone(error));
            }
            _ => {}
        }
        match query().await {
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

/// When a caller came, and how long it may take.
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
