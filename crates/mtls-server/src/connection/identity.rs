//! Who is at the other end of one connection, decided once and shared by its requests.

use std::{fmt, net::SocketAddr, sync::Arc};

use axum::http::Extensions;

use crate::{
    config::{active_host::Host, sni_map::Names},
    connection::live::Live,
    forwarded::trust::TrustForwarded,
    observe::audit,
    peer::{client_cert::ClientCert, tls_info::TlsInfo},
};

/// What the handshake found out about a connection; cheap to clone.
///
/// Only a [`ConnectionAcceptor`](crate::ConnectionAcceptor) makes one, and only
/// [`MtlsService`](crate::MtlsService) attaches it to requests, where the extractors look for it.
#[derive(Clone)]
pub struct ConnectionIdentity(Arc<Inner>);

struct Inner {
    client: Option<ClientCert>,
    tls: TlsInfo,
    peer: SocketAddr,
    hosts: Arc<Names<Host>>,
    trust: Option<Arc<TrustForwarded>>,
    live: Live,
}

impl ConnectionIdentity {
    pub(crate) fn new(
        client: Option<ClientCert>,
        tls: TlsInfo,
        peer: SocketAddr,
        hosts: Arc<Names<Host>>,
        trust: Option<Arc<TrustForwarded>>,
        live: Live,
    ) -> Self {
        Self(Arc::new(Inner {
            client,
            tls,
            peer,
            hosts,
            trust,
            live,
        }))
    }

    pub(crate) fn of(extensions: &Extensions) -> Option<&Self> {
        extensions.get()
    }

    /// Puts this identity where the extractors look for it.
    pub(crate) fn attach(&self, extensions: &mut Extensions) {
        extensions.insert(self.clone());
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
    /// ([`ProxyProtocol`](crate::ProxyProtocol)) the one that it announced.
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

    pub(crate) fn live(&self) -> &Live {
        &self.0.live
    }

    /// Which proxies are trusted to say whose requests they forward.
    pub(crate) fn trust_forwarded(&self) -> Option<&Arc<TrustForwarded>> {
        self.0.trust.as_ref()
    }

    /// The settings of the name that the client has asked for.
    pub(crate) fn host(&self) -> &Host {
        self.0.hosts.find(self.tls().server_name())
    }

    /// Whether there are settings for some host names.
    pub(crate) fn has_names(&self) -> bool {
        self.0.hosts.has_names()
    }

    /// Whether a request for this host asks other things of clients than this connection did.
    pub(crate) fn has_other_settings(&self, host: &str) -> bool {
        self.0.hosts.find(Some(host)).policy != self.host().policy
    }

    /// Whether there is a host of which that is true.
    pub(crate) fn names_differ(&self) -> bool {
        let policy = self.host().policy;
        self.0.hosts.values().any(|host| host.policy != policy)
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
