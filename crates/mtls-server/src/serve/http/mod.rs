//! HTTP on one connection, and what it may cost.

mod http1;
mod http2;
mod streams;

use std::time::Duration;

use axum::{Router, body::Body, http::Request};
use hyper::{body::Incoming, service::Service};
use hyper_util::{rt::TokioExecutor, rt::TokioTimer, server::conn::auto};
use tokio::net::TcpStream;
use tower_service::Service as _;

use crate::{
    connection::stream::MtlsStream,
    serve::service::{Answering, MtlsService},
};

/// Speaks HTTP until the connection ends, as negotiated.
pub(crate) async fn speak(stream: MtlsStream<TcpStream>, router: Router) {
    let connection = stream.identity().clone();
    let requests = Requests(MtlsService::new(router, connection.clone()));
    // What ends a connection is the peer's business, or was recorded where it was decided.
    match connection.tls().alpn() {
        // On the heap, as one of HTTP/1 needs less.
        Some("h2") => Box::pin(http2::speak(stream, requests, &connection)).await,
        _ => http1::speak(stream, requests, &connection).await,
    }
}

/// What hyper calls: a router is always ready.
#[derive(Clone)]
struct Requests(MtlsService<Router>);

impl Service<Request<Incoming>> for Requests {
    type Response = axum::response::Response;
    type Error = std::convert::Infallible;
    type Future = Answering<<Router as tower_service::Service<Request<Body>>>::Future>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        self.0.clone().call(request)
    }
}

const H1_HEADER: usize = 64 << 10;
const H2_STREAMS: u32 = 128;
const H2_HEADERS: u32 = 16 << 10;
const H2_PING: Duration = Duration::from_secs(30);
const H2_PONG: Duration = Duration::from_secs(10);

/// Sets the limits that an HTTP server needs when anybody may connect: HTTP/1 headers within
/// 64 KiB; HTTP/2 with 128 streams, 16 KiB of headers, and a ping every 30 s that must be answered
/// within 10 s.
///
/// Those on time are watched by the door, whatever server is behind it.
pub fn http_limits(builder: &mut auto::Builder<TokioExecutor>) {
    builder.http1().max_buf_size(H1_HEADER);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(H2_STREAMS)
        .max_header_list_size(H2_HEADERS)
        .keep_alive_interval(H2_PING)
        .keep_alive_timeout(H2_PONG)
        .enable_connect_protocol();
}
