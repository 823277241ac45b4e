//! Who is at the other end of one connection, decided once and shared by its requests.

use std::{net::SocketAddr, sync::Arc};

use axum::http::Extensions;

use crate::{client_cert::ClientCert, tls_info::TlsInfo};

/// What the door found out about a connection; cheap to clone.
///
/// Only [`Door`](crate::Door) makes one. An adapter between the door and an HTTP server attaches
/// it to every request, where the extractors look for it.
#[derive(Clone, Debug)]
pub struct ConnectionIdentity(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    client: Option<ClientCert>,
    tls: TlsInfo,
    peer: SocketAddr,
}

impl ConnectionIdentity {
    pub(crate) fn new(client: Option<ClientCert>, tls: TlsInfo, peer: SocketAddr) -> Self {
        Self(Arc::new(Inner { client, tls, peer }))
    }

    pub(crate) fn of(extensions: &Extensions) -> Option<&Self> {
        extensions.get()
    }

    /// Puts this identity where the extractors look for it.
    pub fn attach(&self, extensions: &mut Extensions) {
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

    /// The address that the connection came from.
    pub fn peer(&self) -> SocketAddr {
        self.0.peer
    }
}
