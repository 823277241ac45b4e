//! A whole server in one call.

use std::{io, net::SocketAddr, time::Duration};

use axum::Router;
use axum_server::Handle;
use hyper_util::{
    rt::{TokioExecutor, TokioTimer},
    server::conn::auto::Builder,
};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    acceptor::MtlsAcceptor,
    config::{Limits, MtlsConfig},
};

/// Serves `router` on `listener` until it is shut down; prints nothing.
///
/// Handlers also get `ConnectInfo<SocketAddr>`. HTTP is limited as [`http_limits`] says.
///
/// # Errors
///
/// If the listener has no local address.
pub fn serve(listener: TcpListener, router: Router, config: MtlsConfig) -> io::Result<Serving> {
    let address = listener.local_addr()?;
    let handle = Handle::new();
    let limits = config.limits().clone();
    let mut server = axum_server::Server::from_listener(listener)
        .acceptor(MtlsAcceptor::new(config))
        .first_request_timeout(limits.header)
        .handle(handle.clone());
    http_limits(server.http_builder(), &limits);
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let task = tokio::spawn(server.serve(service));
    Ok(Serving {
        address,
        handle,
        task,
    })
}

/// Sets the limits that an HTTP server needs when anybody may connect: HTTP/1 headers within
/// [`Limits::header`] and 64 KiB; HTTP/2 with 128 streams, 16 KiB of headers, and a ping every 30 s
/// that must be answered within 10 s.
pub fn http_limits(builder: &mut Builder<TokioExecutor>, limits: &Limits) {
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header)
        .max_buf_size(64 << 10);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(128)
        .max_header_list_size(16 << 10)
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(10));
}

/// A running server. Dropping this leaves it running.
#[derive(Debug)]
#[must_use = "the server runs in a task of its own, and only this can end it"]
pub struct Serving {
    address: SocketAddr,
    handle: Handle<SocketAddr>,
    task: JoinHandle<io::Result<()>>,
}

impl Serving {
    /// The address that it listens on, with the port that the system chose for port 0.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
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
        self.handle.graceful_shutdown(Some(grace));
        self.finished().await
    }

    /// Waits for the server to end by itself.
    ///
    /// # Errors
    ///
    /// What ended it.
    pub async fn finished(self) -> io::Result<()> {
        self.task.await.map_err(io::Error::other)?
    }
}
