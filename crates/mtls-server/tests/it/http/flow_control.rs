//! HTTP/2 peers that open little windows, and tunnels: nobody holds a connection for nothing.

use std::{convert::Infallible, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::Request,
    http::StatusCode,
    routing::get,
};
use futures_util::{future::join_all, stream};
use hyper_util::rt::TokioIo;
use mtls_server::Limits;
use tokio::{io::AsyncWriteExt as _, net::TcpStream, time::timeout};
use tokio_rustls::client::TlsStream;

use crate::support::{
    World,
    adapter::{ADAPTERS, Adapter, Running},
    client::{self, VERSIONS},
    connection::PATIENCE,
    h2,
};

const BODY: Duration = Duration::from_millis(500);
const LENGTH: usize = 1 << 20;

fn router() -> Router {
    let whole = async || vec![b'x'; LENGTH];
    let streamed = async || {
        let half = Ok::<_, Infallible>(Bytes::from(vec![b'x'; LENGTH / 2]));
        Body::from_stream(stream::iter([half.clone(), half]))
    };
    let never = async || std::future::pending::<()>().await;
    Router::new()
        .route("/whole", get(whole))
        .route("/streamed", get(streamed))
        .route("/never", get(never))
}

/// A server with little patience for answers that nobody takes.
async fn serve(world: &World, adapter: Adapter) -> Running {
    let mut limits = Limits::default();
    limits.body = BODY;
    let config = world.config().limits(limits).build().unwrap();
    adapter.start(config, router()).await
}

async fn open(world: &World, server: &Running, alpn: bool) -> TlsStream<TcpStream> {
    let alice = world.ca.client("alice");
    let mut config = client::config(world, Some(&alice), VERSIONS[1]);
    if alpn {
        config.alpn_protocols = vec![b"h2".to_vec()];
    }
    client::connect(server.address, config).await.unwrap()
}

/// By each adapter that speaks HTTP/2 to whoever negotiated it, or not.
fn speakers() -> impl Iterator<Item = (Adapter, bool)> {
    let both = ADAPTERS
        .into_iter()
        .flat_map(|it| [(it, true), (it, false)]);
    both.filter(|(adapter, alpn)| *alpn || *adapter != Adapter::Serve)
}

async fn closed(server: &Running) -> bool {
    let closed = async {
        while server.handle.connection_count() > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, closed).await.is_ok()
}

fn ask(stream: u32, path: &str) -> Vec<u8> {
    let flags = h2::END_STREAM | h2::END_HEADERS;
    h2::frame(h2::HEADERS, flags, stream, &h2::get(path))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_not_taken_ends_its_connection_whatever_the_window() {
    let world = World::new();
    for (adapter, alpn) in speakers() {
        let server = serve(&world, adapter).await;
        let windows = [0, 1, 10_000].into_iter();
        let cases = windows.flat_map(|window| ["/whole", "/streamed"].map(|path| (window, path)));
        let all = cases.map(async |(window, path)| {
            let mut stream = open(&world, &server, alpn).await;
            h2::begin_with(&mut stream, &[(h2::INITIAL_WINDOW, window)]).await;
            // A request that runs does not keep the connection.
            let requests = [ask(1, path), ask(3, "/never")].concat();
            stream.write_all(&requests).await.unwrap();
            let read = async { while h2::read(&mut stream).await.is_some() {} };
            let ended = timeout(PATIENCE, read).await.is_ok();
            assert!(ended, "{adapter:?} {alpn} {window} {path}");
        });
        join_all(all).await;
        assert!(closed(&server).await, "{adapter:?} {alpn}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_takes_an_answer_slowly_or_has_taken_it_stays() {
    let world = World::new();
    for (adapter, alpn) in speakers() {
        let server = serve(&world, adapter).await;
        for (number, path) in ["/whole", "/streamed"].into_iter().enumerate() {
            let case = format!("{adapter:?} {alpn} {path}");
            let mut stream = open(&world, &server, alpn).await;
            let window = u32::try_from(LENGTH / 8).unwrap();
            h2::begin_with(&mut stream, &[(h2::INITIAL_WINDOW, window)]).await;
            let all = h2::frame(h2::WINDOW_UPDATE, 0, 0, &(1_u32 << 30).to_be_bytes());
            stream
                .write_all(&[all, ask(1, path)].concat())
                .await
                .unwrap();
            let (mut taken, mut over) = (0, false);
            while !over {
                let frame = timeout(PATIENCE, h2::read(&mut stream)).await.unwrap();
                let frame = frame.unwrap_or_else(|| panic!("{case}: closed after {taken}"));
                if frame.kind != h2::DATA {
                    continue;
                }
                let before = taken * 8 / LENGTH;
                taken += frame.payload.len();
                over = taken == LENGTH;
                if taken * 8 / LENGTH > before && !over {
                    // Together twice as long as nothing may be taken.
                    tokio::time::sleep(BODY / 4).await;
                    let more = h2::frame(h2::WINDOW_UPDATE, 0, 1, &window.to_be_bytes());
                    stream.write_all(&more).await.unwrap();
                }
            }
            tokio::time::sleep(BODY * 2).await;
            assert_eq!(server.handle.connection_count(), number + 1, "{case}");
            // Kept open until the end of the case before the next.
            tokio::spawn(async move { while h2::read(&mut stream).await.is_some() {} });
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_with_a_tunnel_is_idle_when_nothing_passes_through() {
    let world = World::new();
    let mut limits = Limits::default();
    limits.idle = Duration::from_millis(700);
    // With a handler that takes the tunnel, and echoes, and one that does not.
    let echo = async |request: Request| {
        tokio::spawn(async {
            let tunnel = hyper::upgrade::on(request).await.unwrap();
            let (mut read, mut write) = tokio::io::split(TokioIo::new(tunnel));
            let _ = tokio::io::copy(&mut read, &mut write).await;
        });
    };
    let accept = async || StatusCode::OK;
    for (adapter, alpn) in speakers() {
        for echoes in [true, false] {
            let case = format!("{adapter:?} {alpn} {echoes}");
            let config = world.config().limits(limits.clone()).build().unwrap();
            let router = match echoes {
                true => Router::new().fallback(echo),
                false => Router::new().fallback(accept),
            };
            let server = adapter.start(config, router).await;
            let mut stream = open(&world, &server, alpn).await;
            h2::begin(&mut stream).await;
            let connect = h2::connect("localhost:443");
            let connect = h2::frame(h2::HEADERS, h2::END_HEADERS, 1, &connect);
            stream.write_all(&connect).await.unwrap();
            for message in 0..if echoes { 6 } else { 0 } {
                let data = h2::frame(h2::DATA, 0, 1, &[message; 20]);
                stream.write_all(&data).await.unwrap();
                loop {
                    let frame = timeout(PATIENCE, h2::read(&mut stream)).await.unwrap();
                    let frame = frame.unwrap_or_else(|| panic!("{case}: {message}"));
                    if frame.kind == h2::DATA && frame.payload == [message; 20] {
                        break;
                    }
                }
                tokio::time::sleep(limits.idle / 3).await;
            }
            assert_eq!(server.handle.connection_count(), 1, "{case}");
            let read = async { while h2::read(&mut stream).await.is_some() {} };
            assert!(timeout(PATIENCE, read).await.is_ok(), "{case}");
            assert!(closed(&server).await, "{case}");
        }
    }
}
