//! The door as an [`axum_server`] acceptor.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::http::Request;
use axum_server::accept::{Accept, DefaultAcceptor};
use hyper::body::Incoming;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::server::TlsStream;
use tower_service::Service;

use crate::{
    config::MtlsConfig,
    connection::ConnectionIdentity,
    door::Door,
    forwarded::{self, TrustForwarded},
};

/// Mutual TLS for [`axum_server::Server`]; cheap to clone.
///
/// `axum_server` sets no header timeout; [`serve`](crate::serve) does, and
/// [`http_limits`](crate::http_limits) helps a server that is put together by hand:
///
/// ```no_run
/// # async fn run(router: axum::Router, config: mtls_server::MtlsConfig) -> std::io::Result<()> {
/// use std::net::SocketAddr;
///
/// use mtls_server::{Limits, MtlsAcceptor, http_limits};
///
/// let limits = Limits::default();
/// let mut server = axum_server::bind(SocketAddr::from(([127, 0, 0, 1], 8443)))
///     .acceptor(MtlsAcceptor::new(config))
///     .first_request_timeout(limits.header);
/// http_limits(server.http_builder(), &limits);
/// server.serve(router.into_make_service()).await
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct MtlsAcceptor<A = DefaultAcceptor> {
    door: Door,
    inner: A,
}

impl MtlsAcceptor {
    /// An acceptor with these settings.
    pub fn new(config: MtlsConfig) -> Self {
        Self {
            door: Door::new(config),
            inner: DefaultAcceptor::new(),
        }
    }
}

impl<A> MtlsAcceptor<A> {
    /// Puts `inner` before the handshake, for example to read a PROXY protocol header.
    pub fn acceptor<Inner>(self, inner: Inner) -> MtlsAcceptor<Inner> {
        MtlsAcceptor {
            door: self.door,
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
    type Stream = TlsStream<A::Stream>;
    type Service = MtlsService<A::Service>;
    // Boxed, so that the memory of a handshake goes back when it is over instead of staying part
    // of the connection's task.
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, Self::Service)>> + Send>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let prepared = stream
            .set_nodelay(true)
            .and_then(|()| stream.peer_addr())
            .map(|peer| (peer, self.inner.accept(stream, service)));
        let door = self.door.clone();
        Box::pin(async move {
            let (peer, accepted) = prepared?;
            let (stream, inner) = accepted.await?;
            let (stream, identity) = door
                .handshake(stream, peer)
                .await
                .map_err(io::Error::other)?;
            let trust = door.config().trust_forwarded().cloned();
            let service = MtlsService {
                inner,
                identity,
                trust,
            };
            Ok((stream, service))
        })
    }
}

/// Attaches the connection's identity to each request, and removes what only a trusted proxy may
/// say of another.
#[derive(Clone, Debug)]
pub struct MtlsService<S> {
    inner: S,
    identity: ConnectionIdentity,
    trust: Option<Arc<TrustForwarded>>,
}

impl<S> Service<Request<Incoming>> for MtlsService<S>
where
    S: Service<Request<Incoming>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Incoming>) -> Self::Future {
        forwarded::receive(self.trust.as_ref(), &self.identity, &mut request);
        self.identity.attach(request.extensions_mut());
        self.inner.call(request)
    }
}
