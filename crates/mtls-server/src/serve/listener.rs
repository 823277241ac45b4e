//! The adapter for [`axum::serve`](fn@axum::serve).

use std::{
    convert::Infallible,
    future::{Ready, ready},
    io,
    net::SocketAddr,
    task::{Context, Poll},
};

use axum::serve::{IncomingStream, Listener};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc::{Receiver, Sender, channel},
    task::JoinHandle,
};
use tower_service::Service;

use crate::{
    config::mtls_config::MtlsConfig,
    connection::stream::MtlsStream,
    handshake::acceptor::ConnectionAcceptor,
    reload::handle::MtlsHandle,
    serve::{listen::accept, service::MtlsService},
};

/// Mutual TLS for [`axum::serve`](fn@axum::serve); with [`PerConnection`] around the router.
///
/// Each handshake runs in a task of its own, so a slow peer delays nobody else. When the server ends
/// an HTTP/2 connection (see [`MtlsHandle::replace`]), `axum::serve` cannot send a GOAWAY. The
/// requests are answered, and the connection is closed within the time that `replace` says.
///
/// ```no_run
/// # async fn run(router: axum::Router, config: mtls_server::MtlsConfig) -> std::io::Result<()> {
/// use mtls_server::{MtlsListener, PerConnection};
///
/// let tcp = tokio::net::TcpListener::bind("127.0.0.1:8443").await?;
/// axum::serve(MtlsListener::new(tcp, config)?, PerConnection(router)).await
/// # }
/// ```
#[derive(Debug)]
pub struct MtlsListener {
    address: SocketAddr,
    acceptor: ConnectionAcceptor,
    accepted: Receiver<MtlsStream<TcpStream>>,
    accepting: JoinHandle<()>,
}

impl MtlsListener {
    /// Accepts connections of this listener by these settings, in a task of the current tokio runtime.
    ///
    /// # Errors
    ///
    /// If the listener has no local address.
    pub fn new(tcp: TcpListener, config: MtlsConfig) -> io::Result<Self> {
        let address = tcp.local_addr()?;
        let acceptor = ConnectionAcceptor::new(config);
        let (sender, accepted) = channel(WAITING);
        let accepting = tokio::spawn(accept_all(tcp, acceptor.clone(), sender));
        Ok(Self {
            address,
            acceptor,
            accepted,
            accepting,
        })
    }

    /// For whoever operates the server.
    pub fn handle(&self) -> MtlsHandle {
        self.acceptor.handle()
    }
}

/// How many connections wait for `axum::serve` to take them, which it does at once.
const WAITING: usize = 64;

async fn accept_all(
    tcp: TcpListener,
    acceptor: ConnectionAcceptor,
    sender: Sender<MtlsStream<TcpStream>>,
) {
    loop {
        let (stream, peer) = accept(&tcp).await;
        let (acceptor, sender) = (acceptor.clone(), sender.clone());
        tokio::spawn(async move {
            tokio::select! {
                outcome = acceptor.accept(stream, peer) => {
                    if let Ok(accepted) = outcome {
                        // Fails when the server has ended. Then the connection ends, too.
                        let _ = sender.send(accepted.into_sealed()).await;
                    }
                }
                () = sender.closed() => {}
            }
        });
    }
}

impl Listener for MtlsListener {
    type Io = MtlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        match self.accepted.recv().await {
            Some(stream) => {
                let peer = stream.identity().peer();
                (stream, peer)
            }
            // The task that accepts has ended, which happens only by a panic or when the runtime ends.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

impl Drop for MtlsListener {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Gives each connection of an [`MtlsListener`] the service that belongs to it.
///
/// A connection that is given to any other service cannot be read: `axum::serve` with the bare router
/// closes each connection, and the log says why.
#[derive(Clone, Copy, Debug)]
pub struct PerConnection<S>(pub S);

impl<S: Clone> Service<IncomingStream<'_, MtlsListener>> for PerConnection<S> {
    type Response = MtlsService<S>;
    type Error = Infallible;
    type Future = Ready<Result<MtlsService<S>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, stream: IncomingStream<'_, MtlsListener>) -> Self::Future {
        ready(Ok(MtlsService::open(stream.io(), self.0.clone())))
    }
}
