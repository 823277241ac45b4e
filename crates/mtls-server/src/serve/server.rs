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
    config::{handle::MtlsHandle, mtls_config::MtlsConfig},
    handshake::door::Door,
    serve::{accept::accept, http},
};

/// Serves `router` on `listener` until it is shut down; prints nothing.
///
/// Handlers also get `ConnectInfo<SocketAddr>`. HTTP/1.1 (with upgrades such as WebSocket) and
/// HTTP/2 are spoken, as negotiated, within the limits of [`http_limits`](crate::http_limits) and
/// [`Limits`](crate::Limits).
///
/// # Errors
///
/// If the listener has no local address.
pub fn serve(listener: TcpListener, router: Router, config: MtlsConfig) -> io::Result<Serving> {
    let address = listener.local_addr()?;
    // Without this, axum makes each handler a service again for each request.
    let router = router.with_state(());
    let door = Door::new(config);
    let handle = door.handle();
    let (stop, stopped) = watch::channel(None);
    let task = tokio::spawn(run(listener, router, door, stopped));
    Ok(Serving {
        address,
        handle,
        stop,
        task,
    })
}

/// How long running requests have, once the server is told to stop.
type Stop = watch::Receiver<Option<Duration>>;

async fn run(listener: TcpListener, router: Router, door: Door, mut stop: Stop) {
    let mut connections = JoinSet::new();
    let of_connections = stop.clone();
    let grace = {
        let mut told = pin!(told(&mut stop));
        loop {
            tokio::select! {
                grace = &mut told => break grace,
                (stream, peer) = accept(&listener) => {
                    let (door, stop) = (door.clone(), of_connections.clone());
                    connections.spawn(welcome(stream, peer, router.clone(), door, stop));
                }
                Some(_) = connections.join_next() => {}
            }
        }
    };
    drop(listener);
    door.stop(grace);
    let all = async { while connections.join_next().await.is_some() {} };
    // Sockets are closed when the grace is over; a task that goes on has lost its purpose.
    if timeout(grace + MARGIN, all).await.is_err() {
        connections.shutdown().await;
    }
}

/// From the end of the grace until its sockets are closed, and their tasks have noticed.
const MARGIN: Duration = Duration::from_secs(1);

/// The grace, once the server is told to stop.
async fn told(stop: &mut Stop) -> Duration {
    let told = stop.wait_for(Option::is_some).await.map(|grace| *grace);
    match told {
        Ok(grace) => grace.unwrap_or_default(),
        // Nobody is left who could tell.
        Err(_) => std::future::pending().await,
    }
}

async fn welcome(stream: TcpStream, peer: SocketAddr, router: Router, door: Door, mut stop: Stop) {
    // On the heap until it is over: what a task may ever hold, every idle connection would keep.
    let handshake = Box::pin(door.handshake(stream, peer));
    let outcome = tokio::select! {
        outcome = handshake => outcome,
        _ = told(&mut stop) => return,
    };
    if let Ok(stream) = outcome {
        http::speak(stream, router).await;
    }
}

/// A running server. Dropping this leaves it running.
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

    /// For whoever operates it: other settings, and how it is.
    pub fn handle(&self) -> MtlsHandle {
        self.handle.clone()
    }

    /// Connections that are open now, unfinished handshakes among them.
    pub fn connection_count(&self) -> usize {
        self.handle.connection_count()
    }

    /// Stops accepting, lets running requests finish for up to `grace`, then closes the rest.
    ///
    /// # Errors
    ///
    /// What ended the server, if it was something else.
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
        // The sender stays: without it nobody could tell the server to stop.
        let Self { stop, task, .. } = self;
        let ended = task.await.map_err(io::Error::other);
        drop(stop);
        ended
    }
}
