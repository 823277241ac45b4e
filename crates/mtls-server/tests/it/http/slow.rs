//! Peers that send little, late, or byte by byte, at each way to run the server.

use std::{
    convert::Infallible,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, Bytes},
    routing::get,
};
use futures_util::{StreamExt as _, stream};
use mtls_server::{ClientAuth, Limits, VirtualHost};
use rustls::AlertDescription as Alert;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

use crate::support::{
    World,
    adapter::ADAPTERS,
    client::{self, VERSIONS},
    connection::{Connection, HTTPS, PATIENCE},
    raw::Raw,
    router,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_writes_256_kib_at_once_reads_why_it_was_refused() {
    let world = World::new();
    for adapter in ADAPTERS {
        let config = world.config().build().unwrap();
        let server = adapter.start(config, router()).await;
        for version in VERSIONS {
            for attempt in 0..5 {
                let config = client::config(&world, None, version);
                let failure = async {
                    let mut stream = client::connect(server.address, config).await?;
                    let head = "POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 262144\r\n\r\n";
                    // The write may fail before the reason is there to be read.
                    let _ = stream.write_all(head.as_bytes()).await;
                    let _ = stream.write_all(&vec![b'x'; 256 << 10]).await;
                    let mut answer = Vec::new();
                    stream.read_to_end(&mut answer).await?;
                    Ok::<_, client::Failure>(answer)
                };
                let failure = timeout(PATIENCE, failure).await.unwrap().unwrap_err();
                let expected = Some(Alert::CertificateRequired);
                assert_eq!(
                    failure.alert(),
                    expected,
                    "{adapter:?} {version:?} {attempt}"
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_header_may_come_byte_by_byte_but_not_for_long() {
    const REQUEST: &str = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let world = World::new();
    let alice = world.ca.client("alice");
    let mut limits = Limits::default();
    limits.header = Duration::from_millis(700);
    for adapter in ADAPTERS {
        let config = world.config().limits(limits.clone()).build().unwrap();
        let server = adapter.start(config, router()).await;
        // The whole takes 60 ms or 6 s; a request before it makes it the header of the next.
        for (pause, good) in [(1, true), (100, false)] {
            for second in [false, true] {
                let config = client::config(&world, Some(&alice), VERSIONS[1]);
                let mut stream = client::connect(server.address, config).await.unwrap();
                if second {
                    let first = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
                    stream.write_all(first.as_bytes()).await.unwrap();
                    let mut answer = [0; 512];
                    let count = stream.read(&mut answer).await.unwrap();
                    assert!(answer[..count].starts_with(b"HTTP/1.1 200"));
                }
                let began = Instant::now();
                for byte in REQUEST.as_bytes() {
                    if stream.write_all(&[*byte]).await.is_err() {
                        break;
                    }
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                    if began.elapsed() > Duration::from_secs(3) {
                        break;
                    }
                }
                let mut answer = Vec::new();
                let end = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
                let _ = end.expect("the connection ends");
                let case = format!("{adapter:?} {pause} {second}");
                let answer = String::from_utf8(answer).unwrap();
                assert_eq!(answer.contains("CN=alice"), good, "{case}: {answer}");
                assert!(good || answer.is_empty(), "{case}: {answer}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_comes_byte_by_byte_is_the_same_name() {
    let world = World::new();
    let open =
        VirtualHost::new(world.identity(), world.anchors()).client_auth(ClientAuth::Optional);
    let config = world
        .config()
        .virtual_host("open.localhost", open)
        .build()
        .unwrap();
    for adapter in ADAPTERS {
        let server = adapter.start(config.clone(), router()).await;
        for version in VERSIONS {
            for (name, host, expected) in [
                ("open.localhost", "open.localhost", Some("200")),
                ("open.localhost", "localhost", Some("421")),
                ("localhost", "localhost", None),
                ("localhost", "open.localhost", None),
            ] {
                let config = client::config_with_one_session(&world, None, version);
                let mut raw = Raw::new(name, server.address, config).await;
                let case = format!("{adapter:?} {version:?} {name} {host}");
                let answer = async {
                    let hello = raw.pending();
                    for byte in hello {
                        raw.send(&[byte]).await?;
                        tokio::task::yield_now().await;
                    }
                    while raw.tls.is_handshaking() {
                        raw.read_more().await?;
                        for byte in raw.pending() {
                            raw.send(&[byte]).await?;
                        }
                    }
                    let request =
                        format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
                    raw.ask(&request).await
                };
                let answer = timeout(PATIENCE, answer).await.unwrap();
                let status = answer.ok().and_then(|it| it.get(9..12).map(str::to_owned));
                assert_eq!(status.as_deref(), expected, "{case}");
            }
        }
    }
}

/// Chunks without end, or ten with a pause in their middle that is longer than a body may take.
fn streams() -> Router {
    let chunk = || Ok::<_, Infallible>(Bytes::from(vec![b'x'; 32 << 10]));
    let endless = async move || Body::from_stream(stream::repeat_with(chunk));
    let paused = async move || {
        let chunks = stream::iter(0..10).then(move |number| async move {
            if number == 5 {
                tokio::time::sleep(BODY * 3).await;
            }
            chunk()
        });
        Body::from_stream(chunks)
    };
    Router::new()
        .route("/endless", get(endless))
        .route("/paused", get(paused))
}

const BODY: Duration = Duration::from_millis(500);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_takes_no_answer_is_given_up_and_a_pause_of_the_application_is_not() {
    let world = World::new();
    let alice = world.ca.client("alice");
    let mut limits = Limits::default();
    limits.body = BODY;
    for adapter in ADAPTERS {
        let config = world.config().limits(limits.clone()).build().unwrap();
        let server = adapter.start(config, streams()).await;
        for http in HTTPS {
            let config = || client::config(&world, Some(&alice), VERSIONS[1]);
            let open = || Connection::open(http, server.address, config());
            let mut good = open().await.unwrap();
            let (status, body) = good.get("/paused").await.unwrap();
            assert_eq!(
                (status, body.len()),
                (200, 320 << 10),
                "{adapter:?} {http:?}"
            );
            drop(good);

            let mut lazy = open().await.unwrap();
            let request = lazy.request("localhost", "/endless");
            let answer = lazy.send(request.body(Body::empty()).unwrap()).await;
            let answer = answer.await.unwrap();
            // Its body is not read, and its window is not opened.
            let count = || server.handle.connection_count();
            let given_up = async {
                while count() > 0 {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            };
            let given_up = timeout(PATIENCE, given_up).await;
            assert!(given_up.is_ok(), "{adapter:?} {http:?}");
            drop(answer);
        }
    }
}
