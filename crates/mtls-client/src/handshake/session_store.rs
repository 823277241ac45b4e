//! rustls' session stores: that of one connection, and one that stores nothing.

use std::sync::Arc;
use std::time::Duration;

use rustls::NamedGroup;
use rustls::client::{ClientSessionStore, Tls12ClientSessionValue, Tls13ClientSessionValue};
use rustls::pki_types::ServerName;
use rustls::time_provider::TimeProvider;

use crate::handshake::context::HandshakeContext;
use crate::handshake::sessions::{HostAndPort, ServerSessions, Session, Sessions};
use crate::handshake::verifier::ServerVerifier;

/// The store of one connection, so that each ticket is known to be of that connection, whenever it comes.
#[derive(Debug)]
pub(crate) struct ConnectionSessions {
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) server: HostAndPort,
    pub(crate) context: Arc<HandshakeContext>,
    pub(crate) verifier: Arc<ServerVerifier>,
    pub(crate) clock: Arc<dyn TimeProvider>,
}

impl ConnectionSessions {
    /// Whether the server would be accepted now with the chain that it presented then.
    fn is_still_good<T>(&self, session: &Session<T>, ttl: Duration, name: &ServerName<'_>) -> bool {
        let verified = &session.origin.verified;
        let Some(now) = self.clock.current_time() else {
            return false;
        };
        // A clock that was set back makes no session younger.
        let age = now.as_secs().checked_sub(verified.at.as_secs());
        let young = age.is_some_and(|age| age < ttl.as_secs());
        young && self.verifier.accepts(&verified.certificates, name, now)
    }

    fn offer<T>(
        &self,
        name: &ServerName<'_>,
        take: impl Fn(&mut ServerSessions) -> Option<Session<T>>,
    ) -> Option<T> {
        let ttl = self.sessions.ttl()?;
        loop {
            let session = self.sessions.take(&self.server, &take)?;
            if self.is_still_good(&session, ttl, name) {
                self.context.note_offered(session.origin);
                return Some(session.value);
            }
        }
    }

    fn session<T>(&self, value: T) -> Option<Session<T>> {
        let origin = self.context.origin()?;
        Some(Session { value, origin })
    }
}

impl ClientSessionStore for ConnectionSessions {
    fn set_kx_hint(&self, _: ServerName<'static>, _: NamedGroup) {}

    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        None
    }

    fn set_tls12_session(&self, _: ServerName<'static>, value: Tls12ClientSessionValue) {
        if let Some(session) = self.session(value) {
            self.sessions
                .store(&self.server, |sessions| sessions.set_tls12(session));
        }
    }

    fn tls12_session(&self, name: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        // Taken, so that one which is no longer good is gone. rustls hands it back after the handshake.
        self.offer(name, ServerSessions::take_tls12)
    }

    fn remove_tls12_session(&self, _: &ServerName<'static>) {
        self.sessions.take(&self.server, ServerSessions::take_tls12);
    }

    fn insert_tls13_ticket(&self, _: ServerName<'static>, value: Tls13ClientSessionValue) {
        if let Some(session) = self.session(value) {
            self.sessions
                .store(&self.server, |sessions| sessions.add_tls13(session));
        }
    }

    fn take_tls13_ticket(&self, name: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        self.offer(name, ServerSessions::take_tls13)
    }
}

/// Stores no session, and notes the arrival of a ticket for what it tells.
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
        HandshakeContext::note_ticket();
    }

    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        None
    }
}
