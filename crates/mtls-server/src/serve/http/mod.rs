//! HTTP on one connection, and its limits.

mod http1;
mod http2;
mod limits;
mod requests;
mod streams;

use axum::Router;
use tokio::net::TcpStream;

use self::requests::Requests;
use crate::{connection::stream::MtlsStream, serve::service::MtlsService};

pub use self::limits::http_limits;

/// Speaks the version of HTTP that was negotiated, until the connection ends.
pub(crate) async fn speak(stream: MtlsStream<TcpStream>, service: MtlsService<Router>) {
    let connection = stream.identity().clone();
    let requests = Requests::new(service);
    // Either the peer ends a connection, or the reason was recorded where it was decided.
    match connection.tls().alpn() {
        // On the heap, as a future for HTTP/1 is much smaller.
        Some("h2") => Box::pin(http2::speak(stream, requests, &connection)).await,
        _ => http1::speak(stream, requests, &connection).await,
    }
}
