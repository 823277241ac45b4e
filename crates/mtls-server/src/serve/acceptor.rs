//! The adapter for [`axum_server`].

use std::{future::Future, io, pin::Pin};

use axum_server::accept::{Accept, DefaultAcceptor};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};

use crate::{
    config::mtls_config::MtlsConfig, connection::stream::MtlsStream,
    handshake::acceptor::ConnectionAcceptor, reload::handle::MtlsHandle,
    serve::service::MtlsService,
};

/// Mutual TLS for [`axum_server::Server`]; cheap to clone.
///
/// When the server ends an HTTP/2 connection (see [`MtlsHandle::replace`]), `axum_server` cannot send a
/// GOAWAY. The requests are answered, and the connection is closed within the time that `replace`
/// says. [`serve`](crate::serve()) does send one.
///
/// ```no_run
/// # async fn run(router: axum::Router, config: mtls_server::MtlsConfig) -> std::io::Result<()> {
/// use std::net::SocketAddr;
///
/// use mtls_server::{MtlsAcceptor, http_limits};
///
/// let mut server = axum_server::bind(SocketAddr::from(([127, 0, 0, 1], 8443)))
///     .acceptor(MtlsAcceptor::new(config));
/// http_limits(server.http_builder());
/// server.serve(router.into_make_service()).await
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct MtlsAcceptor<A = DefaultAcceptor> {
    acceptor: ConnectionAcceptor,
    inner: A,
}

impl MtlsAcceptor {
    /// An acceptor with these settings.
    pub fn new(config: MtlsConfig) -> Self {
        Self {
            acceptor: ConnectionAcceptor::new(config),
            inner: DefaultAcceptor::new(),
        }
    }
}

impl<A> MtlsAcceptor<A> {
    /// For whoever operates the server.
    pub fn handle(&self) -> MtlsHandle {
        self.acceptor.handle()
    }
}

impl<A> MtlsAcceptor<A> {
    /// Calls `inner` before the handshake, for example to count bytes. PROXY protocol headers need no
    /// such acceptor: see [`ProxyProtocol`](crate::proxy::ProxyProtocol).
    pub fn acceptor<Inner>(self, inner: Inner) -> MtlsAcceptor<Inner> {
        MtlsAcceptor {
            acceptor: self.acceptor,
            inner,
        }
    }
}

impl<A, S> Accept<TcpStream, S> for MtlsAcceptor<A>
where
    A: Accept<TcpStream, S>,
    A::Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    A::Service: Send + 'static,
    A::Future: Send + 'static,
{
    type Stream = MtlsStream<A::Stream>;
    type Service = MtlsService<A::Service>;
    // Boxed, so that the memory of the handshake is freed when it is over. Otherwise it would stay
    // part of the task of the connection.
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, Self::Service)>> + Send>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let prepared = stream
            .set_nodelay(true)
            .and_then(|()| stream.peer_addr())
            .map(|peer| (peer, self.inner.accept(stream, service)));
        let acceptor = self.acceptor.clone();
        Box::pin(async move {
            let (peer, accepted) = prepared?;
            let (stream, inner) = accepted.await?;
            let accepted = acceptor
                .accept(stream, peer)
                .await
                .map_err(io::Error::other)?;
            Ok(accepted.into_http(inner))
        })
    }
}
