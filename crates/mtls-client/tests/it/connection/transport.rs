//! What fails before any certificate is judged.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use bytes::Bytes;
use mtls_client::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::*;

/// What a broken server does with each connection.
#[derive(Clone, Copy, Debug)]
enum Broken {
    HangsUp,
    IsSilent,
    SpeaksPlainHttp,
}

async fn serve_broken(how: Broken) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut kept = Vec::new();
        loop {
            let (mut tcp, _) = listener.accept().await.unwrap();
            match how {
                Broken::HangsUp => {
                    let _ = tcp.read(&mut [0; 16]).await;
                }
                Broken::IsSilent => kept.push(tcp),
                Broken::SpeaksPlainHttp => {
                    let _ = tcp.read(&mut [0; 16]).await;
                    let _ = tcp
                        .write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
                        .await;
                    let _ = tcp.shutdown().await;
                    let _ = tcp.read_to_end(&mut Vec::new()).await;
                }
            }
        }
    });
    port
}

async fn failure(via: Via, port: u16) -> Error {
    let ca = Ca::root("root");
    let connector = connector(&ca, identity_of(&ca.client("client1")))
        .connect_timeout(Duration::from_millis(300))
        .build()
        .unwrap();
    request(
        via,
        &connector,
        &format!("https://127.0.0.1:{port}/"),
        Bytes::new(),
    )
    .await
    .unwrap_err()
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_told_from_one_that_is_not_there() {
    let free = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    for (port, expected) in [
        (free, "connect"),
        (serve_broken(Broken::SpeaksPlainHttp).await, "protocol"),
        (serve_broken(Broken::HangsUp).await, "protocol"),
        (serve_broken(Broken::IsSilent).await, "timeout"),
    ] {
        for via in BOTH {
            let error = failure(via, port).await;
            assert_eq!(error.kind().as_str(), expected, "{via:?}: {error:?}");
        }
    }
}

#[tokio::test]
async fn plain_http_is_refused_unless_allowed() {
    let ca = Ca::root("root");
    let port = serve_broken(Broken::SpeaksPlainHttp).await;
    let url = format!("http://127.0.0.1:{port}/");
    for via in BOTH {
        let refusing = connector(&ca, identity_of(&ca.client("client1")))
            .build()
            .unwrap();
        let error = request(via, &refusing, &url, Bytes::new())
            .await
            .unwrap_err();
        assert_eq!(error.kind().as_str(), "invalid-request", "{error:?}");
        let allowing = connector(&ca, identity_of(&ca.client("client1")))
            .allow_plain_http()
            .build()
            .unwrap();
        assert_eq!(
            request(via, &allowing, &url, Bytes::new()).await.unwrap(),
            ""
        );
    }
}

#[tokio::test]
async fn a_given_address_is_dialled_and_the_name_still_checked() {
    let ca = Ca::root("root");
    let server = ca.server("api.example.test");
    let port = serve(&server, Clients::NotAsked).await.port();
    for (host, expected) in [
        ("api.example.test", None),
        ("web.example.test", Some("name-mismatch")),
    ] {
        for via in BOTH {
            let connector = connector(&ca, identity_of(&ca.client("client1")))
                .resolve(host, port, IpAddr::V4(Ipv4Addr::LOCALHOST))
                .build()
                .unwrap();
            let got = request(
                via,
                &connector,
                &format!("https://{host}:{port}/"),
                Bytes::new(),
            )
            .await;
            let kind = got.as_ref().err().map(|error| error.kind().as_str());
            assert_eq!(kind, expected, "{host} {via:?}: {got:?}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_comes_while_we_still_write_is_read() {
    let ca = Ca::root("root");
    let address = serve_hasty(&ca.server("localhost")).await;
    let connector = connector(&ca, identity_of(&ca.client("client1")))
        .alpn(HTTP1)
        .build()
        .unwrap();
    for size in [64 << 10, 1 << 20, 8 << 20] {
        for _ in 0..10 {
            let body = Bytes::from(vec![b'x'; size]);
            let answer = request(Via::Hyper, &connector, &url(address), body).await;
            assert_eq!(answer.unwrap(), "too long", "{size}");
        }
    }
}

#[tokio::test]
async fn the_end_of_an_answer_is_no_refusal() {
    let ca = Ca::root("root");
    let address = serve(&ca.server("localhost"), Clients::Required(&ca, Vec::new())).await;
    for versions in VERSIONS {
        let connector = connector(&ca, identity_of(&ca.client("client1")))
            .tls_versions(versions)
            .alpn(HTTP1)
            .build()
            .unwrap();
        let mut stream = connector
            .connect(&url(address).parse().unwrap())
            .await
            .unwrap();
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n").await.unwrap();
        stream.flush().await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        assert!(answer.ends_with(b"hello"), "{versions:?}");
    }
}
