//! HTTP on one connection, and what it may cost.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::Poll,
    time::Duration,
};

use axum::Router;
use futures_util::future::{Either, select};
use hyper::server::conn::{http1, http2};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
    service::TowerToHyperService,
};
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

use crate::{connection::ConnectionIdentity, service::MtlsService, stream::MtlsStream};

/// Speaks HTTP until the connection ends, as negotiated.
pub(crate) async fn speak(stream: MtlsStream<TcpStream>, router: Router) {
    let connection = stream.identity().clone();
    let service = MtlsService::new(router, connection.clone());
    let service = TowerToHyperService::new(service);
    // What ends a connection is the peer's business, or was recorded where it was decided.
    match connection.tls().alpn() {
        Some("h2") => {
            let mut builder = http2::Builder::new(TokioExecutor::new());
            builder
                .timer(TokioTimer::new())
                .max_concurrent_streams(H2_STREAMS)
                .max_header_list_size(H2_HEADERS)
                .keep_alive_interval(H2_PING)
                .keep_alive_timeout(H2_PONG)
                .enable_connect_protocol();
            let http = builder.serve_connection(TokioIo::new(stream), service);
            let http = pin!(http);
            drive(http, http2::Connection::graceful_shutdown, &connection).await;
        }
        _ => speak_http1(stream, service, &connection).await,
    }
}

type Http1Service = TowerToHyperService<MtlsService<Router>>;

/// HTTP/1.1, of which hyper holds 16 KiB of buffers: only while there are requests.
async fn speak_http1(
    mut stream: MtlsStream<TcpStream>,
    service: Http1Service,
    connection: &ConnectionIdentity,
) {
    loop {
        let has_more = {
            let readable = pin!(stream.readable());
            let ended = pin!(connection.live().ended(|_| true));
            matches!(select(readable, ended).await, Either::Left((true, _)))
        };
        if !has_more {
            // The peer may be gone already.
            let _ = stream.shutdown().await;
            return;
        }
        let mut builder = http1::Builder::new();
        builder.max_buf_size(H1_HEADER);
        // On the heap, and not in this future, whose size every connection has.
        let http = builder.serve_connection(TokioIo::new(stream.lend()), service.clone());
        let mut http = Box::pin(http.with_upgrades());
        if !until_at_rest(http.as_mut(), connection).await {
            return;
        }
    }
}

/// Runs a connection until it ends, which is false, or has been without a request for a while.
async fn until_at_rest<C>(
    mut http: Pin<&mut http1::UpgradeableConnection<C, Http1Service>>,
    connection: &ConnectionIdentity,
) -> bool
where
    C: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let live = connection.live();
    loop {
        let mut rested = pin!(live.rested());
        let mut ended = pin!(live.ended(|_| true));
        let event = poll_fn(|context| {
            if http.as_mut().poll(context).is_ready() {
                return Poll::Ready(Event::Over);
            }
            if ended.as_mut().poll(context).is_ready() {
                return Poll::Ready(Event::Ended);
            }
            rested.as_mut().poll(context).map(|()| Event::Rested)
        })
        .await;
        match event {
            Event::Over => return false,
            Event::Ended => {
                http.as_mut().graceful_shutdown();
                // Whatever becomes of it, it is over then.
                let _ = http.await;
                return false;
            }
            // A request may have begun since it was seen at rest.
            Event::Rested if live.is_at_rest() => return true,
            Event::Rested => {}
        }
    }
}

enum Event {
    Ended,
    Over,
    Rested,
}

/// Runs a connection, and lets it finish when it is to end: by GOAWAY.
async fn drive<C: Future>(
    mut http: Pin<&mut C>,
    finish: fn(Pin<&mut C>),
    connection: &ConnectionIdentity,
) {
    let ended = pin!(connection.live().ended(|_| true));
    if let Either::Right(_) = select(http.as_mut(), ended).await {
        finish(http.as_mut());
        http.await;
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
