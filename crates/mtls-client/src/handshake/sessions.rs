//! TLS sessions that are resumed, by connections of the generation that they belong to alone.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustls::client::{Tls12ClientSessionValue, Tls13ClientSessionValue};

use crate::handshake::verified_chain::SessionOrigin;

/// Whether TLS sessions of earlier connections are resumed.
///
/// A resumed handshake sends no certificates, so TLS itself verifies none. In the meantime the server's certificate may
/// have expired or been revoked, and so may ours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Resumption {
    /// Each connection is a full handshake.
    #[default]
    Off,
    /// Sessions are resumed as long as the server would still be accepted.
    ///
    /// Before a session is offered, the chain that the server presented in its full handshake is verified
    /// again as it was then: time, revocation, name, pins. If it is no longer accepted, the session is dropped
    /// and the handshake is a full one. A new identity, new pins, roots or CRLs leave no session behind.
    ///
    /// This is for connections that the [`Connector`](crate::Connector) makes itself: with hyper-util, tonic and
    /// whatever else uses its stream. Connections by [`rustls_config`](crate::Connector::rustls_config) and `reqwest`
    /// are always full handshakes. There nobody can tell whether a ticket that comes late was made with an identity
    /// that has been replaced since.
    Revalidate {
        /// How long after the full handshake a session may be resumed, however often it was; the
        /// server's own limit holds as well, and seven days (RFC 8446 section 4.6.1). An hour is usual.
        ttl: Duration,
    },
}

/// A host and its port as they were dialled.
pub(crate) type HostAndPort = (String, u16);

/// The sessions of one generation.
#[derive(Debug)]
pub(crate) struct Sessions {
    resumption: Resumption,
    servers: Mutex<HashMap<HostAndPort, ServerSessions>>,
}

/// The sessions with one server.
#[derive(Debug, Default)]
pub(crate) struct ServerSessions {
    tls12: Option<Session<Tls12ClientSessionValue>>,
    /// Each is used once (RFC 8446 appendix C.4), the latest first.
    tls13: VecDeque<Session<Tls13ClientSessionValue>>,
}

/// A session, and the full handshake that it comes from.
#[derive(Clone, Debug)]
pub(crate) struct Session<T> {
    pub(crate) value: T,
    pub(crate) origin: SessionOrigin,
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

    /// For how long after its full handshake a session may be resumed, if it may be at all.
    pub(crate) fn ttl(&self) -> Option<Duration> {
        match self.resumption {
            Resumption::Off => None,
            Resumption::Revalidate { ttl } => Some(ttl),
        }
    }

    /// Drops what was agreed with `server`: a handshake with it failed.
    pub(crate) fn forget(&self, server: &HostAndPort) {
        self.servers().remove(server);
    }

    /// Changes what is stored of `server`.
    pub(crate) fn store(&self, server: &HostAndPort, change: impl FnOnce(&mut ServerSessions)) {
        let mut servers = self.servers();
        if servers.len() >= MAX_SERVERS && !servers.contains_key(server) {
            let any = servers.keys().next().cloned();
            any.and_then(|any| servers.remove(&any));
        }
        change(servers.entry(server.clone()).or_default());
    }

    /// Takes from what is stored of `server`, if anything is.
    pub(crate) fn take<T>(
        &self,
        server: &HostAndPort,
        take: impl FnOnce(&mut ServerSessions) -> Option<T>,
    ) -> Option<T> {
        take(self.servers().get_mut(server)?)
    }

    fn servers(&self) -> MutexGuard<'_, HashMap<HostAndPort, ServerSessions>> {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ServerSessions {
    pub(crate) fn set_tls12(&mut self, session: Session<Tls12ClientSessionValue>) {
        self.tls12 = Some(session);
    }

    pub(crate) fn take_tls12(&mut self) -> Option<Session<Tls12ClientSessionValue>> {
        self.tls12.take()
    }

    pub(crate) fn add_tls13(&mut self, session: Session<Tls13ClientSessionValue>) {
        self.tls13.push_front(session);
        self.tls13.truncate(MAX_TICKETS);
    }

    pub(crate) fn take_tls13(&mut self) -> Option<Session<Tls13ClientSessionValue>> {
        self.tls13.pop_front()
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
            sessions.store(&server(port), |_| ());
            let servers = sessions.servers();
            assert!(servers.contains_key(&server(port)));
            assert!(servers.len() <= MAX_SERVERS);
        }
        assert_eq!(sessions.servers().len(), MAX_SERVERS);
        sessions.forget(&server(1000));
        assert!(!sessions.servers().contains_key(&server(1000)));
    }
}
