//! Slow, silent, rude and hasty peers, and the end of the server.

use std::time::{Duration, Instant};

use axum::{Router, routing::get};
use mtls_server::Limits;
use rustls::AlertDescription as Alert;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::support::{
    World,
    audit::Audit,
    client::{self, VERSIONS},
    connection::PATIENCE,
    raw::Raw,
    start, start_with,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_writes_at_once_still_reads_why_it_was_refused() {
    let world = World::new();
    let server = start(world.config()).await;
    for version in VERSIONS {
        for attempt in 0..20 {
            let config = client::config(&world, None, version);
            let failure = async {
                let mut stream = client::connect(server.local_addr(), config).await?;
                let head =
                    "POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 262144\r\n\r\n";
                let body = vec![b'x'; 256 << 10];
                // What the write says does not matter: the reason is there to be read.
                let _ = stream.write_all(head.as_bytes()).await;
                let _ = stream.write_all(&body).await;
                let mut answer = Vec::new();
                stream.read_to_end(&mut answer).await?;
                Ok::<_, client::Failure>(answer)
            };
            let failure = failure.await.unwrap_err();
            let alert = failure.alert();
            assert_eq!(
                alert,
                Some(Alert::CertificateRequired),
                "{version:?} {attempt}: {failure:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_silent_peer_is_dropped_and_a_good_one_served_meanwhile() {
    let world = World::new();
    let audit = Audit::capture();
    let mut limits = Limits::default();
    limits.first_byte = Duration::from_millis(300);
    let server = start(world.config().limits(limits)).await;
    let mut silent = TcpStream::connect(server.local_addr()).await.unwrap();

    let alice = world.ca.client("alice");
    let config = client::config(&world, Some(&alice), VERSIONS[1]);
    client::get(server.local_addr(), config, "/").await.unwrap();
    assert_eq!(audit.only()["outcome"], "accepted");

    let end = timeout(Duration::from_secs(5), silent.read_u8())
        .await
        .unwrap();
    assert!(end.is_err(), "the server had nothing to say");
    assert_eq!(audit.only()["reason"], "first-byte-timeout");
}

#[tokio::test]
async fn a_handshake_must_end_in_time() {
    let world = World::new();
    let audit = Audit::capture();
    let config = world.config().handshake_timeout(Duration::from_millis(300));
    let server = start(config).await;
    let mut slow = TcpStream::connect(server.local_addr()).await.unwrap();
    // The first bytes of a handshake record that never ends.
    slow.write_all(&[22, 3, 1, 2, 0, 1, 0, 1, 252])
        .await
        .unwrap();
    let mut rest = Vec::new();
    timeout(Duration::from_secs(5), slow.read_to_end(&mut rest))
        .await
        .unwrap()
        .ok();
    assert_eq!(audit.only()["reason"], "handshake-timeout");
}

#[tokio::test]
async fn a_client_hello_may_come_byte_by_byte() {
    let world = World::new();
    let server = start(world.config()).await;
    let alice = world.ca.client("alice");
    let config = client::config(&world, Some(&alice), VERSIONS[1]);

    // A relay that passes the first 600 bytes one at a time.
    let relay = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = relay.local_addr().unwrap();
    let target = server.local_addr();
    tokio::spawn(async move {
        let (mut client, _) = relay.accept().await.unwrap();
        let mut server = TcpStream::connect(target).await.unwrap();
        server.set_nodelay(true).unwrap();
        let mut byte = [0];
        for _ in 0..200 {
            client.read_exact(&mut byte).await.unwrap();
            server.write_all(&byte).await.unwrap();
            tokio::task::yield_now().await;
        }
        tokio::io::copy_bidirectional(&mut client, &mut server)
            .await
            .ok();
    });
    let answer = client::get(address, config, "/").await.unwrap();
    assert!(answer.ends_with("CN=alice"), "{answer}");
}

#[tokio::test]
async fn what_comes_along_with_a_client_hello_is_read_after_it() {
    // A fatal alert: internal_error.
    const ALERT: &[u8] = &[21, 3, 3, 0, 2, 2, 80];
    let world = World::new();
    let audit = Audit::capture();
    let server = start(world.config()).await;
    let alice = world.ca.client("alice");
    for version in VERSIONS {
        for (behind, reason) in [(&b""[..], "disconnected"), (ALERT, "peer-alert")] {
            let config = client::config(&world, Some(&alice), version);
            let mut raw = Raw::new("localhost", server.local_addr(), config).await;
            let hello = [raw.pending().as_slice(), behind].concat();
            raw.send(&hello).await.unwrap();
            raw.tcp.shutdown().await.unwrap();
            // The server's answer does not matter.
            let mut answer = Vec::new();
            let read = raw.tcp.read_to_end(&mut answer);
            timeout(PATIENCE, read).await.unwrap().ok();
            assert_eq!(audit.only()["reason"], reason, "{version:?}");
        }
    }
}

#[tokio::test]
async fn a_connection_too_many_is_in_the_audit() {
    let world = World::new();
    let audit = Audit::capture();
    let mut limits = Limits::default();
    limits.connections = 1;
    let server = start(world.config().limits(limits)).await;
    let alice = world.ca.client("alice");
    let config = || client::config(&world, Some(&alice), VERSIONS[1]);
    let _first = client::connect(server.local_addr(), config())
        .await
        .unwrap();
    audit.comes().await;
    assert_eq!(audit.only()["outcome"], "accepted");
    client::connect(server.local_addr(), config())
        .await
        .unwrap_err();
    let refused = audit.only();
    assert_eq!(refused["outcome"], "refused");
    assert_eq!(refused["reason"], "too-many-connections");
}

#[tokio::test]
async fn a_peer_without_tls_is_told_so() {
    const ALERT_RECORD: &[u8] = &[21];
    let world = World::new();
    let audit = Audit::capture();
    let server = start(world.config()).await;
    for (sent, beginning, message) in [
        (
            "GET / HTTP/1.1\r\n\r\n",
            &b"HTTP/1.1 400 "[..],
            "but plain HTTP",
        ),
        ("hello there\n", ALERT_RECORD, "does not speak TLS"),
    ] {
        let mut peer = TcpStream::connect(server.local_addr()).await.unwrap();
        peer.write_all(sent.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        timeout(Duration::from_secs(5), peer.read_to_end(&mut answer))
            .await
            .unwrap()
            .unwrap();
        assert!(answer.starts_with(beginning), "{answer:?}");
        if let Some((head, body)) = String::from_utf8_lossy(&answer).split_once("\r\n\r\n") {
            assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())));
        }
        let event = audit.only();
        assert_eq!(event["reason"], "not-tls");
        assert!(event["message"].contains(message), "{event:?}");
    }
}

#[tokio::test]
async fn a_client_that_does_not_trust_the_server_shows_in_the_audit() {
    let world = World::new();
    let audit = Audit::capture();
    let server = start(world.config()).await;
    let elsewhere = World::new();
    for version in VERSIONS {
        let config = client::config(&elsewhere, None, version);
        client::connect(server.local_addr(), config)
            .await
            .unwrap_err();
        audit.comes().await;
        assert_eq!(audit.only()["reason"], "peer-alert");
    }
}

#[tokio::test]
async fn a_request_header_must_come_in_time() {
    let world = World::new();
    let mut limits = Limits::default();
    limits.header = Duration::from_millis(300);
    let server = start(world.config().limits(limits)).await;
    let alice = world.ca.client("alice");
    for sent in ["", "GET / HTTP/1.1\r\nHost: loc"] {
        let config = client::config(&world, Some(&alice), VERSIONS[1]);
        let mut stream = client::connect(server.local_addr(), config).await.unwrap();
        stream.write_all(sent.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        timeout(Duration::from_secs(5), stream.read_to_end(&mut answer))
            .await
            .expect("the connection ends")
            .ok();
        assert!(answer.is_empty(), "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_hundred_silent_sockets_do_not_keep_a_good_client_out() {
    let world = World::new();
    let server = start(world.config()).await;
    let address = server.local_addr();
    let mut silent = Vec::new();
    for number in 0..400 {
        let mut peer = TcpStream::connect(address).await.unwrap();
        if number % 2 == 0 {
            peer.write_all(b"garbage garbage garbage\r\n")
                .await
                .unwrap();
        }
        silent.push(peer);
    }
    let alice = world.ca.client("alice");
    let started = Instant::now();
    let config = client::config(&world, Some(&alice), VERSIONS[1]);
    client::get(address, config, "/").await.unwrap();
    assert!(
        started.elapsed() < Duration::from_secs(2),
        "{:?}",
        started.elapsed()
    );
    drop(silent);
    let drained = async {
        while server.connection_count() > 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(10), drained)
        .await
        .expect("every socket is closed again");
}

#[tokio::test]
async fn a_running_request_finishes_before_the_server_ends() {
    let world = World::new();
    let (entered, mut entering) = tokio::sync::mpsc::channel::<()>(1);
    let (go, wait) = tokio::sync::watch::channel(false);
    let handler = move || {
        let (entered, mut wait) = (entered.clone(), wait.clone());
        async move {
            entered.send(()).await.unwrap();
            wait.wait_for(|go| *go).await.unwrap();
            "finished"
        }
    };
    let server = start_with(world.config(), Router::new().route("/", get(handler))).await;
    let address = server.local_addr();
    let alice = world.ca.client("alice");
    let config = client::config(&world, Some(&alice), VERSIONS[1]);
    let request = tokio::spawn(client::get(address, config.clone(), "/"));
    entering.recv().await.unwrap();
    let shutdown = tokio::spawn(async move {
        let grace = Duration::from_secs(20);
        server.graceful_shutdown(grace).await
    });
    // Until nobody listens any more.
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!shutdown.is_finished());
    go.send(true).unwrap();
    let answer = request.await.unwrap().unwrap();
    assert!(answer.ends_with("finished"), "{answer}");
    shutdown.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_request_that_never_ends_is_cut_when_the_grace_is_over() {
    let world = World::new();
    let (entered, mut entering) = tokio::sync::mpsc::channel::<()>(1);
    let handler = move || {
        let entered = entered.clone();
        async move {
            entered.send(()).await.unwrap();
            std::future::pending::<()>().await;
        }
    };
    let server = start_with(world.config(), Router::new().route("/", get(handler))).await;
    let alice = world.ca.client("alice");
    let config = client::config(&world, Some(&alice), VERSIONS[1]);
    let request = tokio::spawn(client::get(server.local_addr(), config, "/"));
    entering.recv().await.unwrap();
    let shutdown = server.graceful_shutdown(Duration::from_millis(100));
    timeout(Duration::from_secs(5), shutdown)
        .await
        .unwrap()
        .unwrap();
    let answer = request.await.unwrap();
    assert!(answer.is_err() || answer.is_ok_and(|answer| answer.is_empty()));
}

#[tokio::test]
async fn a_handshake_that_the_end_of_the_server_cuts_is_in_the_audit() {
    let world = World::new();
    let audit = Audit::capture();
    let server = start(world.config()).await;
    let _silent = TcpStream::connect(server.local_addr()).await.unwrap();
    while server.connection_count() == 0 {
        tokio::task::yield_now().await;
    }
    server
        .graceful_shutdown(Duration::from_secs(1))
        .await
        .unwrap();
    // The task that holds the connection ends by itself.
    audit.comes().await;
    assert_eq!(audit.only()["reason"], "interrupted");
}
