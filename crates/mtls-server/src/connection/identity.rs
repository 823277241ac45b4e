//! Who is at the other end of one connection: decided once, and shared by its requests.

use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use axum::{extract::ConnectInfo, http::Extensions};

use crate::{
    config::{active_host::HostPolicy, limits::Limits, sni_map::SniMap},
    connection::{clock::Clock, state::ConnectionState},
    forwarded::trust::TrustForwarded,
    observe::audit,
    peer::{client_cert::ClientCert, tls_info::TlsInfo},
};

/// What the handshake found out about a connection; cheap to clone.
///
/// Only a [`ConnectionAcceptor`](crate::ConnectionAcceptor) makes one. Only
/// [`MtlsService`](crate::MtlsService) attaches it to requests, where the extractors look for it.
/// In tests of handlers, a [`MockClientCert`](crate::MockClientCert) does both.
#[derive(Clone)]
pub struct ConnectionIdentity(Arc<Inner>);

struct Inner {
    client: Option<ClientCert>,
    tls: TlsInfo,
    peer: SocketAddr,
    policies: Arc<SniMap<HostPolicy>>,
    trust: Option<Arc<TrustForwarded>>,
    state: ConnectionState,
    is_mock: bool,
}

impl ConnectionIdentity {
    pub(crate) fn new(
        client: Option<ClientCert>,
        tls: TlsInfo,
        peer: SocketAddr,
        policies: Arc<SniMap<HostPolicy>>,
        trust: Option<Arc<TrustForwarded>>,
        state: ConnectionState,
    ) -> Self {
        Self(Arc::new(Inner {
            client,
            tls,
            peer,
            policies,
            trust,
            state,
            is_mock: false,
        }))
    }

    /// For tests of handlers: there is no connection, and nobody has verified this client.
    pub(crate) fn mock(client: Option<ClientCert>) -> Self {
        let policy = HostPolicy {
            class: 0,
            rule: None,
        };
        let clock = Arc::new(Clock::new());
        Self(Arc::new(Inner {
            client,
            tls: TlsInfo::mock(),
            peer: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            policies: Arc::new(SniMap::new(policy)),
            trust: None,
            state: ConnectionState::new(clock, &Limits::default(), None),
            is_mock: true,
        }))
    }

    /// Whether it stands in for a connection.
    pub(crate) fn is_mock(&self) -> bool {
        self.0.is_mock
    }

    /// The identity that is attached to a request.
    pub(crate) fn of(extensions: &Extensions) -> Option<&Self> {
        extensions.get()
    }

    /// Puts this identity where the extractors look for it, and its address where those of axum do.
    pub(crate) fn attach(&self, extensions: &mut Extensions) {
        extensions.insert(self.clone());
        extensions.insert(ConnectInfo(self.peer()));
    }

    /// The verified client certificate; `None` only where client authentication is optional.
    pub fn client(&self) -> Option<&ClientCert> {
        self.0.client.as_ref()
    }

    /// What was negotiated.
    pub fn tls(&self) -> &TlsInfo {
        &self.0.tls
    }

    /// The address that the connection came from; behind a trusted proxy
    /// ([`ProxyProtocol`](crate::proxy::ProxyProtocol)) the one that it announced.
    pub fn peer(&self) -> SocketAddr {
        self.0.peer
    }

    /// What audit events say of this connection.
    pub(crate) fn audited(&self) -> audit::Connection<'_> {
        audit::Connection {
            peer: self.peer(),
            client: self.client(),
            tls: self.tls(),
        }
    }

    /// What the connection is doing.
    pub(crate) fn state(&self) -> &ConnectionState {
        &self.0.state
    }

    /// Which proxies are trusted to say whose requests they forward.
    pub(crate) fn trust_forwarded(&self) -> Option<&Arc<TrustForwarded>> {
        self.0.trust.as_ref()
    }

    /// What the virtual host of this connection asks of requests.
    pub(crate) fn policy(&self) -> &HostPolicy {
        self.0.policies.find(self.tls().server_name())
    }

    /// Whether there are virtual hosts besides the default one.
    pub(crate) fn has_virtual_hosts(&self) -> bool {
        self.0.policies.has_names()
    }

    /// Whether this host asks other things of clients than the virtual host of this connection.
    pub(crate) fn has_other_settings(&self, host: &str) -> bool {
        self.0.policies.find(Some(host)).class != self.policy().class
    }

    /// Whether any virtual host asks other things of clients than that of this connection.
    pub(crate) fn policies_differ(&self) -> bool {
        let class = self.policy().class;
        self.0.policies.values().any(|policy| policy.class != class)
    }
}

impl fmt::Debug for ConnectionIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionIdentity")
            .field("client", &self.client())
            .field("tls", self.tls())
            .field("peer", &self.peer())
            .finish_non_exhaustive()
    }
}
