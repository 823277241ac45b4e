//! A whole server in one call.

use std::{io, net::SocketAddr, pin::pin, time::Duration};

use axum::Router;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
    time::timeout,
};

use crate::{
    config::mtls_config::MtlsConfig,
    handshake::acceptor::ConnectionAcceptor,
    reload::handle::MtlsHandle,
    serve::{http, listen::accept},
};

/// Serves `router` on `listener` until it is shut down; prints nothing.
///
/// Handlers also get `ConnectInfo<SocketAddr>`. Clients negotiate HTTP/1.1 (with upgrades such as
/// WebSocket) or HTTP/2, within the limits of [`http_limits`](crate::http_limits) and
/// [`Limits`](crate::Limits).
///
/// # Errors
///
/// If the listener has no local address.
pub fn serve(listener: TcpListener, router: Router, config: MtlsConfig) -> io::Result<Serving> {
    let address = listener.local_addr()?;
    // Without this, axum makes each handler a service again for each request.
    let router = router.with_state(());
    let acceptor = ConnectionAcceptor::new(config);
    let handle = acceptor.handle();
    let (stop, stopped) = watch::channel(None);
    let task = tokio::spawn(run(listener, router, acceptor, stopped));
    Ok(Serving {
        address,
        handle,
        stop,
        task,
    })
}

/// How long running requests have after the server was told to stop.
type Stop = watch::Receiver<Option<Duration>>;

async fn run(listener: TcpListener, router: Router, acceptor: ConnectionAcceptor, mut stop: Stop) {
    let mut connections = JoinSet::new();
    let of_connections = stop.clone();
    let grace = {
        let mut told = pin!(told(&mut stop));
        loop {
            tokio::select! {
                grace = &mut told => break grace,
                (stream, peer) = accept(&listener) => {
                    let (acceptor, stop) = (acceptor.clone(), of_connections.clone());
                    connections.spawn(serve_one(stream, peer, router.clone(), acceptor, stop));
                }
                Some(_) = connections.join_next() => {}
            }
        }
    };
    drop(listener);
    acceptor.shut_down(grace);
    let all = async { while connections.join_next().await.is_some() {} };
    // The sockets are closed when the grace is over. A task that still runs then is aborted.
    if timeout(grace + MARGIN, all).await.is_err() {
        connections.shutdown().await;
    }
}

/// From the end of the grace until all sockets are closed, and their tasks have noticed.
const MARGIN: Duration = Duration::from_secs(1);

/// Waits until the server is told to stop.
async fn told(stop: &mut Stop) -> Duration {
    let told = stop.wait_for(Option::is_some).await.map(|grace| *grace);
    match told {
        Ok(grace) => grace.unwrap_or_default(),
        // Nobody is left who could tell it.
        Err(_) => std::future::pending().await,
    }
}

async fn serve_one(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    acceptor: ConnectionAcceptor,
    mut stop: Stop,
) {
    // On the heap until it is over. Otherwise every idle connection would keep its memory.
    let handshake = Box::pin(acceptor.accept(stream, peer));
    let outcome = tokio::select! {
        outcome = handshake => outcome,
        _ = told(&mut stop) => return,
    };
    if let Ok(accepted) = outcome {
        let (stream, service) = accepted.into_http(router);
        http::speak(stream, service).await;
    }
}

/// A running server. It keeps running when this is dropped.
#[derive(Debug)]
#[must_use = "the server runs in a task of its own, and only this can end it"]
pub struct Serving {
    address: SocketAddr,
    handle: MtlsHandle,
    stop: watch::Sender<Option<Duration>>,
    task: JoinHandle<()>,
}

impl Serving {
    /// The address that it listens on, with the port that the system chose for port 0.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// For whoever operates the server.
    pub fn handle(&self) -> MtlsHandle {
        self.handle.clone()
    }

    /// How many connections are open now, unfinished handshakes included.
    pub fn connection_count(&self) -> usize {
        self.handle.connection_count()
    }

    /// Stops accepting, gives running requests up to `grace` to finish, and closes the rest.
    ///
    /// # Errors
    ///
    /// If the server ended for another reason.
    pub async fn graceful_shutdown(self, grace: Duration) -> io::Result<()> {
        self.stop.send_replace(Some(grace));
        self.finished().await
    }

    /// Waits for the server to end by itself.
    ///
    /// # Errors
    ///
    /// What ended it.
    pub async fn finished(self) -> io::Result<()> {
        // The sender is kept: without it nobody could tell the server to stop.
        let Self { stop, task, .. } = self;
        let ended = task.await.map_err(io::Error::other);
        drop(stop);
        ended
    }
}
