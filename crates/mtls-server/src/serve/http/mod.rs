//! HTTP on one connection, and its limits.

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
    serve::service::{MtlsService, ResponseFuture},
};

/// Speaks the version of HTTP that was negotiated, until the connection ends.
pub(crate) async fn speak(stream: MtlsStream<TcpStream>, service: MtlsService<Router>) {
    let connection = stream.identity().clone();
    let requests = Requests(service);
    // Either the peer ends a connection, or the reason was recorded where it was decided.
    match connection.tls().alpn() {
        // On the heap, as a future for HTTP/1 is much smaller.
        Some("h2") => Box::pin(http2::speak(stream, requests, &connection)).await,
        _ => http1::speak(stream, requests, &connection).await,
    }
}

/// The service that hyper calls. A router is always ready.
#[derive(Clone)]
struct Requests(MtlsService<Router>);

impl Service<Request<Incoming>> for Requests {
    type Response = axum::response::Response;
    type Error = std::convert::Infallible;
    type Future = ResponseFuture<<Router as tower_service::Service<Request<Body>>>::Future>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        self.0.clone().call(request)
    }
}

/// Octets of headers of a request, in both versions: a client gets one answer, whichever was negotiated.
const HEADERS: u32 = 64 << 10;
const H2_STREAMS: u32 = 128;
const H2_PING: Duration = Duration::from_secs(30);
const H2_PONG: Duration = Duration::from_secs(10);

/// Sets the limits that a public HTTP server needs: 64 KiB of headers, and for HTTP/2 128 streams and a ping every 30 s
/// that must be answered within 10 s.
///
/// Limits on time need no setting: every connection of this crate has those of
/// [`Limits`](crate::Limits).
pub fn http_limits(builder: &mut auto::Builder<TokioExecutor>) {
    builder.http1().max_buf_size(HEADERS as usize);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(H2_STREAMS)
        .max_header_list_size(HEADERS)
        .keep_alive_interval(H2_PING)
        .keep_alive_timeout(H2_PONG)
        .enable_connect_protocol();
}
