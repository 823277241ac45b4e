//! TLS sessions that are resumed, by connections of the generation that they belong to alone.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustls::NamedGroup;
use rustls::client::{ClientSessionStore, Tls12ClientSessionValue, Tls13ClientSessionValue};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::time_provider::TimeProvider;

use crate::handshake::attempt::Attempt;
use crate::handshake::verifier::ServerVerifier;

/// Whether connections begin with what an earlier one agreed on.
///
/// A resumed handshake sends no certificates, so TLS itself judges none: neither the server's, which may
/// have expired or been revoked in the meantime, nor ours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Resumption {
    /// Each connection is a full handshake.
    #[default]
    Off,
    /// Sessions are resumed as long as the server would still be accepted.
    ///
    /// Before a session is offered, the chain that the server showed in its full handshake is verified
    /// again as it was then: time, revocation, name, pins. If it does not stand, the session is dropped
    /// and the handshake is a full one. A new identity, new pins, roots or CRLs leave no session behind.
    ///
    /// Holds for the connections of the [`Connector`](crate::Connector) itself, so for hyper-util, tonic and
    /// whatever else goes by its stream. Those of
    /// [`rustls_config`](crate::Connector::rustls_config) and `reqwest` are full
    /// handshakes still: there nobody can tell whether a ticket that comes late was made with an identity
    /// that has since been replaced.
    Revalidate {
        /// How long after the full handshake a session may be resumed, however often it was; the
        /// server's own limit holds as well, and seven days (RFC 8446 section 4.6.1). An hour is usual.
        ttl: Duration,
    },
}

/// What was proved in a full handshake, and is not proved again by resuming.
#[derive(Debug)]
pub(crate) struct Proof {
    /// What the server showed, its own certificate first.
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) at: UnixTime,
}

/// A host and its port as they were dialled.
pub(crate) type Server = (String, u16);

/// The sessions of one generation.
#[derive(Debug)]
pub(crate) struct Sessions {
    resumption: Resumption,
    servers: Mutex<HashMap<Server, Kept>>,
}

#[derive(Debug, Default)]
struct Kept {
    tls12: Option<Session<Tls12ClientSessionValue>>,
    /// Each is used once (RFC 8446 appendix C.4), the latest first.
    tls13: VecDeque<Session<Tls13ClientSessionValue>>,
}

/// A session, and whose it is.
#[derive(Clone, Debug)]
struct Session<T> {
    value: T,
    proof: Arc<Proof>,
    /// Whether the server asked for our certificate.
    asked: bool,
}

/// So many servers are remembered; one more, and one of them is forgotten.
const MAX_SERVERS: usize = 256;

const MAX_TICKETS: usize = 4;

impl Sessions {
    pub(crate) fn new(resumption: Resumption) -> Self {
        Self {
            resumption,
            servers: Mutex::default(),
        }
    }

    pub(crate) fn are_resumed(&self) -> bool {
        self.resumption != Resumption::Off
    }

    /// Drops what was agreed with `server`: a handshake with it failed.
    pub(crate) fn forget(&self, server: &Server) {
        self.servers().remove(server);
    }

    fn keep(&self, server: &Server, change: impl FnOnce(&mut Kept)) {
        let mut servers = self.servers();
        if servers.len() >= MAX_SERVERS && !servers.contains_key(server) {
            let any = servers.keys().next().cloned();
            any.and_then(|any| servers.remove(&any));
        }
        change(servers.entry(server.clone()).or_default());
    }

    fn servers(&self) -> MutexGuard<'_, HashMap<Server, Kept>> {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The store of one connection, so that each ticket is known to be of that connection, whenever it comes.
#[derive(Debug)]
pub(crate) struct SessionsOf {
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) server: Server,
    pub(crate) attempt: Arc<Attempt>,
    pub(crate) verifier: Arc<ServerVerifier>,
    pub(crate) clock: Arc<dyn TimeProvider>,
}

impl SessionsOf {
    /// Whether the server would be accepted now with what it showed then.
    fn stands<T>(&self, session: &Session<T>, ttl: Duration, name: &ServerName<'_>) -> bool {
        let Some(now) = self.clock.current_time() else {
            return false;
        };
        // A clock that was set back makes no session younger.
        let age = now.as_secs().checked_sub(session.proof.at.as_secs());
        let young = age.is_some_and(|age| age < ttl.as_secs());
        young && self.verifier.accepts(&session.proof.chain, name, now)
    }

    fn offer<T>(
        &self,
        name: &ServerName<'_>,
        take: impl Fn(&mut Kept) -> Option<Session<T>>,
    ) -> Option<T> {
        let Resumption::Revalidate { ttl } = self.sessions.resumption else {
            return None;
        };
        loop {
            let session = take(self.sessions.servers().get_mut(&self.server)?)?;
            if self.stands(&session, ttl, name) {
                self.attempt.note_offered(&session.proof, session.asked);
                return Some(session.value);
            }
        }
    }

    fn session<T>(&self, value: T) -> Option<Session<T>> {
        let (proof, asked) = self.attempt.proof()?;
        Some(Session {
            value,
            proof,
            asked,
        })
    }
}

impl ClientSessionStore for SessionsOf {
    fn set_kx_hint(&self, _: ServerName<'static>, _: NamedGroup) {}

    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        None
    }

    fn set_tls12_session(&self, _: ServerName<'static>, value: Tls12ClientSessionValue) {
        if let Some(session) = self.session(value) {
            self.sessions
                .keep(&self.server, |kept| kept.tls12 = Some(session));
        }
    }

    fn tls12_session(&self, name: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        // Taken, so that one which does not stand is gone. rustls hands it back after the handshake.
        self.offer(name, |kept| kept.tls12.take())
    }

    fn remove_tls12_session(&self, _: &ServerName<'static>) {
        if let Some(kept) = self.sessions.servers().get_mut(&self.server) {
            kept.tls12 = None;
        }
    }

    fn insert_tls13_ticket(&self, _: ServerName<'static>, value: Tls13ClientSessionValue) {
        if let Some(session) = self.session(value) {
            self.sessions.keep(&self.server, |kept| {
                kept.tls13.push_front(session);
                kept.tls13.truncate(MAX_TICKETS);
            });
        }
    }

    fn take_tls13_ticket(&self, name: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        self.offer(name, |kept| kept.tls13.pop_front())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_servers_are_remembered_than_there_is_room_for() {
        let ttl = Duration::from_secs(3600);
        let sessions = Sessions::new(Resumption::Revalidate { ttl });
        let server = |port| ("localhost".to_owned(), port);
        for port in 1..=1000 {
            sessions.keep(&server(port), |_| ());
            let servers = sessions.servers();
            assert!(servers.contains_key(&server(port)));
            assert!(servers.len() <= MAX_SERVERS);
        }
        assert_eq!(sessions.servers().len(), MAX_SERVERS);
        sessions.forget(&server(1000));
        assert!(!sessions.servers().contains_key(&server(1000)));
    }
}
