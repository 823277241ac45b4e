//! A server for plain HTTP/1.1 that strangers may talk to.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use mtls_server::listen::accept;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::open::Open;

/// What a connection may take; each field has a default.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct HttpLimits {
    /// Connections at once: 10,000. For one more, the oldest one of the address that has most of them is closed; the
    /// addresses of an IPv6 /64 count as one.
    pub connections: usize,
    /// Until the header of the first, or of the next request is complete: 30 s.
    pub header: Duration,
    /// How long a connection is used: 5 minutes. One that then does not end within 10 s is cut.
    pub connection: Duration,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            header: Duration::from_secs(30),
            connection: Duration::from_secs(300),
        }
    }
}

/// A running server of plain HTTP. It ends when this is dropped.
#[derive(Debug)]
#[must_use = "the server ends when this is dropped"]
pub struct HttpServer {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    running: JoinSet<()>,
}

impl HttpServer {
    /// Serves `router` on `listener`. Its handlers learn who asks by axum's `ConnectInfo<SocketAddr>`.
    ///
    /// # Errors
    ///
    /// If the listener has no local address.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn start(listener: TcpListener, router: Router, limits: HttpLimits) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let mut running = JoinSet::new();
        running.spawn(run(listener, router.with_state(()), limits, stopped));
        Ok(Self {
            address,
            stop,
            running,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Accepts no more connections, and waits until running requests have their response, for up to `grace`.
    pub async fn stop(mut self, grace: Duration) {
        self.stop.send_replace(true);
        let ended = async { while self.running.join_next().await.is_some() {} };
        // What runs longer ends with `self`.
        let _ = timeout(grace, ended).await;
    }
}

async fn run(
    listener: TcpListener,
    router: Router,
    limits: HttpLimits,
    mut stop: watch::Receiver<bool>,
) {
    let permits = Arc::new(Semaphore::new(limits.connections));
    let mut connections = JoinSet::new();
    let mut open = Open::default();
    loop {
        let of_connection = stop.clone();
        let (stream, peer) = tokio::select! {
            // An error means that nobody is left who could stop it.
            _ = stop.wait_for(|stop| *stop) => break,
            accepted = accept(&listener) => accepted,
            Some(ended) = connections.join_next_with_id() => {
                open.remove(ended.map_or_else(|error| error.id(), |(id, ())| id));
                continue;
            }
        };
        let permit = match Arc::clone(&permits).try_acquire_owned() {
            Ok(permit) => Some(permit),
            Err(_) => {
                open.make_room();
                // It is there as soon as that connection is gone.
                Arc::clone(&permits).acquire_owned().await.ok()
            }
        };
        let served = serve(
            (stream, peer),
            permit,
            router.clone(),
            limits,
            of_connection,
        );
        open.add(peer.ip(), connections.spawn(served));
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn serve(
    (stream, peer): (TcpStream, SocketAddr),
    _permit: Option<OwnedSemaphorePermit>,
    router: Router,
    limits: HttpLimits,
    mut stop: watch::Receiver<bool>,
) {
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        router.call(request)
    });
    let http = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header)
        .max_buf_size(MAX_BUFFER)
        .serve_connection(TokioIo::new(stream), service);
    let mut http = std::pin::pin!(http);
    tokio::select! {
        // Whether it succeeds or fails, the connection is over.
        _ = &mut http => return,
        _ = stop.wait_for(|stop| *stop) => {}
        () = sleep(limits.connection) => {}
    }
    http.as_mut().graceful_shutdown();
    let _ = timeout(LAST, http).await;
}

/// A request's header, with an OCSP request in its path.
const MAX_BUFFER: usize = 32 << 10;
/// How long the last response of a connection may take.
const LAST: Duration = Duration::from_secs(10);
