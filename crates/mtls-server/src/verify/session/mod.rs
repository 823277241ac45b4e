//! Sessions that can be resumed, in memory or in tickets, and are verified again before they are.
//!
//! rustls resumes a session without calling its verifier, so a client whose certificate has expired
//! or was revoked since would be accepted again. Therefore a session is stored with the verified
//! path of its client, and found again only while that path is still valid. Where it is not, rustls
//! does a full handshake instead, in which the verifier refuses the client with the alert that fits.
//!
//! Storage and ticket key belong to one virtual host of one generation of the settings. A session
//! that began elsewhere is not found: not under another name, and not after a reload.

use std::{
    fmt,
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use lru::LruCache;
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs::Ticketer,
    pki_types::UnixTime,
    server::{NoServerSessionStorage, ProducesTickets, StoresServerSessions},
};
use zeroize::Zeroizing;

use crate::verify::{
    client_auth::ClientAuth,
    context::{self, Session},
    resumption::{Resumption, SessionStorage},
    verdict_cache::{ChainHash, VerdictCache},
};

/// Sets up session storage or tickets of one virtual host.
pub(crate) fn set_up(
    resumption: Resumption,
    rustls: &mut ServerConfig,
    verdicts: &Arc<VerdictCache>,
    client_auth: ClientAuth,
) -> Result<(), rustls::Error> {
    rustls.session_storage = Arc::new(NoServerSessionStorage {});
    rustls.send_tls13_tickets = 0;
    let Resumption::Revalidate { ttl, storage } = resumption else {
        return Ok(());
    };
    let gate = Gate {
        verdicts: Arc::clone(verdicts),
        client_auth,
        ttl: ttl.as_secs(),
    };
    match storage {
        SessionStorage::InMemory { sessions } => {
            let Some(sessions) = NonZeroUsize::new(sessions) else {
                return Ok(());
            };
            rustls.session_storage = Arc::new(InMemory {
                gate,
                // Grows as sessions come.
                sessions: Mutex::new(Sessions::new(sessions)),
            });
        }
        SessionStorage::InTickets => {
            let inner = Ticketer::new()?;
            rustls.ticketer = Arc::new(InTickets { gate, inner });
        }
    }
    rustls.send_tls13_tickets = TICKETS;
    Ok(())
}

/// A session holds the whole chain that was presented, also what is not part of the client's path, so one client could
/// fill the memory. Sessions of longer chains, as those of ML-DSA are, leave room for fewer.
const USUAL: usize = 8 << 10;

/// As many as rustls and OpenSSL send: a client may open a second connection beside the first.
const TICKETS: usize = 2;

/// Decides whether a session may be stored, and whether it may be resumed.
struct Gate {
    verdicts: Arc<VerdictCache>,
    client_auth: ClientAuth,
    ttl: u64,
}

impl Gate {
    /// What is to be stored of the session that this handshake begins or resumes.
    fn store(&self) -> Option<Session> {
        let session = context::session(UnixTime::now().as_secs())?;
        self.allows(&session.client).then_some(session)
    }

    /// Whether this session may be resumed. If so, the handshake context says whose it is.
    fn resume(&self, session: Session) -> bool {
        let now = UnixTime::now();
        let in_time = now
            .as_secs()
            .checked_sub(session.began)
            .is_some_and(|age| age <= self.ttl);
        let is_valid = match &session.client {
            Some(verified) => self.verdicts.recheck(verified, now).is_ok(),
            None => true,
        };
        in_time && is_valid && self.allows(&session.client) && context::note_session(session)
    }

    fn allows<T>(&self, client: &Option<T>) -> bool {
        client.is_some() || self.client_auth == ClientAuth::Optional
    }
}

/// Sessions that the server stores.
struct InMemory {
    gate: Gate,
    sessions: Mutex<Sessions>,
}

struct Sessions {
    held: LruCache<Vec<u8>, (Session, Zeroizing<Vec<u8>>)>,
    most: NonZeroUsize,
    /// Of the values, in octets: at most [`USUAL`] for each of `most`.
    size: usize,
}

impl Sessions {
    fn new(most: NonZeroUsize) -> Self {
        Self {
            held: LruCache::unbounded(),
            most,
            size: 0,
        }
    }

    /// Stores a session, and lets the least recently used make room for it, unless it is larger than all the room.
    fn put(&mut self, key: Vec<u8>, session: Session, value: Zeroizing<Vec<u8>>) -> bool {
        let most = self.most.get();
        let room = most.saturating_mul(USUAL);
        if value.len() > room {
            return false;
        }
        self.size += value.len();
        if let Some((_, old)) = self.held.put(key, (session, value)) {
            self.size -= old.len();
        }
        while self.held.len() > most || self.size > room {
            let Some((_, (_, value))) = self.held.pop_lru() else {
                break;
            };
            self.size -= value.len();
        }
        true
    }

    fn take(&mut self, key: &[u8]) -> Option<(Session, Zeroizing<Vec<u8>>)> {
        let (session, value) = self.held.pop(key)?;
        self.size -= value.len();
        Some((session, value))
    }
}

impl InMemory {
    fn lock(&self) -> MutexGuard<'_, Sessions> {
        // No code that can panic runs under the lock.
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn resume(&self, session: Session, value: &[u8]) -> Option<Vec<u8>> {
        self.gate.resume(session).then(|| value.to_vec())
    }
}

impl StoresServerSessions for InMemory {
    fn put(&self, key: Vec<u8>, value: Vec<u8>) -> bool {
        let value = Zeroizing::new(value);
        let Some(session) = self.gate.store() else {
            return false;
        };
        self.lock().put(key, session, value)
    }

    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        let (session, value) = self.lock().held.get(key).cloned()?;
        let resumed = self.resume(session, &value);
        if resumed.is_none() {
            self.lock().take(key);
        }
        resumed
    }

    fn take(&self, key: &[u8]) -> Option<Vec<u8>> {
        let (session, value) = self.lock().take(key)?;
        self.resume(session, &value)
    }

    fn can_cache(&self) -> bool {
        true
    }
}

impl fmt::Debug for InMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InMemory")
            .field("sessions", &self.lock().held.len())
            .finish_non_exhaustive()
    }
}

/// Sessions that the client stores, encrypted.
///
/// Before rustls' own part, a ticket holds when its session began, and the hash of the chain that was
/// presented, by which the verified path is found again. If that path was forgotten, or is no longer
/// valid, the ticket is ignored.
struct InTickets {
    gate: Gate,
    inner: Arc<dyn ProducesTickets>,
}

impl ProducesTickets for InTickets {
    fn enabled(&self) -> bool {
        true
    }

    fn lifetime(&self) -> u32 {
        let ttl = u32::try_from(self.gate.ttl).unwrap_or(u32::MAX);
        ttl.min(self.inner.lifetime())
    }

    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        let Session { client, began } = self.gate.store()?;
        let mut ticket = Zeroizing::new(Vec::with_capacity(PREFIX + plain.len()));
        ticket.extend_from_slice(&began.to_be_bytes());
        ticket.extend_from_slice(&client.map_or(NOBODY, |client| client.presented));
        ticket.extend_from_slice(plain);
        self.inner.encrypt(&ticket)
    }

    fn decrypt(&self, cipher: &[u8]) -> Option<Vec<u8>> {
        let ticket = Zeroizing::new(self.inner.decrypt(cipher)?);
        let (began, rest) = ticket.split_first_chunk()?;
        let (presented, plain) = rest.split_first_chunk::<{ size_of::<ChainHash>() }>()?;
        let client = match presented {
            &NOBODY => None,
            presented => Some(self.gate.verdicts.recall(presented, UnixTime::now())?),
        };
        let began = u64::from_be_bytes(*began);
        self.gate
            .resume(Session { client, began })
            .then(|| plain.to_vec())
    }
}

/// No chain has this hash.
const NOBODY: ChainHash = [0; 32];
const PREFIX: usize = size_of::<u64>() + size_of::<ChainHash>();

impl fmt::Debug for InTickets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InTickets").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
