//! A whole server in one call.

use std::{
    future::IntoFuture,
    io,
    net::SocketAddr,
    pin::{Pin, pin},
    time::Duration,
};

use axum::Router;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
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
    let (end, ended) = watch::channel(false);
    tokio::spawn(async move {
        run(listener, router, acceptor, stopped).await;
        end.send_replace(true);
    });
    Ok(Serving {
        address,
        handle,
        stop,
        ended,
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
///
/// `await` waits for its end, as with `axum::serve`:
///
/// ```no_run
/// # async fn run(listener: tokio::net::TcpListener, router: axum::Router, config: mtls_server::MtlsConfig) -> std::io::Result<()> {
/// mtls_server::serve(listener, router, config)?
///     .with_graceful_shutdown(async {
///         let _ = tokio::signal::ctrl_c().await;
///     })
///     .await
/// # }
/// ```
///
/// The methods borrow it, so that they can be part of a `select!`:
///
/// ```no_run
/// # use std::{io, time::Duration};
/// # async fn run(server: mtls_server::Serving, stop: impl Future<Output = ()>) -> io::Result<()> {
/// tokio::select! {
///     ended = server.finished() => ended,
///     () = stop => server.graceful_shutdown(Duration::from_secs(5)).await,
/// }
/// # }
/// ```
#[derive(Debug)]
#[must_use = "the server runs in a task of its own, and only this can end it"]
pub struct Serving {
    address: SocketAddr,
    handle: MtlsHandle,
    stop: watch::Sender<Option<Duration>>,
    /// True when the server has ended. Closed without that, it has panicked.
    ended: watch::Receiver<bool>,
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

    /// Shuts the server down when `signal` completes. It stops accepting, gives running requests 30
    /// s to finish, and closes the rest. [`graceful_shutdown`](Self::graceful_shutdown) takes
    /// another time.
    pub fn with_graceful_shutdown<F>(self, signal: F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let stop = self.stop.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = signal => {
                    stop.send_replace(Some(GRACE));
                }
                // It has ended for another reason.
                () = stop.closed() => {}
            }
        });
        self
    }

    /// Stops accepting, gives running requests up to `grace` to finish, and closes the rest. Returns
    /// when all is closed. If it is dropped before, the server stops all the same.
    ///
    /// # Errors
    ///
    /// As [`finished`](Self::finished).
    pub async fn graceful_shutdown(&self, grace: Duration) -> io::Result<()> {
        self.stop.send_replace(Some(grace));
        self.finished().await
    }

    /// Waits until the server was told to stop and all connections are closed.
    ///
    /// # Errors
    ///
    /// If it has ended by a panic.
    pub async fn finished(&self) -> io::Result<()> {
        let mut ended = self.ended.clone();
        let ended = ended.wait_for(|ended| *ended).await;
        ended.map(drop).map_err(io::Error::other)
    }
}

/// As at a reload that ends connections.
const GRACE: Duration = Duration::from_secs(30);

impl IntoFuture for Serving {
    type Output = io::Result<()>;
    type IntoFuture = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

    /// Waits as [`finished`](Self::finished) does.
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.finished().await })
    }
}
