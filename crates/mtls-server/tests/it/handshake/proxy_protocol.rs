//! A proxy in front that passes TLS on: whose address counts, and who may say so.

use std::{sync::Arc, time::Duration};

use mtls_server::{Limits, MtlsConfigBuilder, proxy::ProxyProtocol};
use rustls::{ClientConnection, pki_types::ServerName};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use crate::support::{
    World,
    audit::Audit,
    client::{self, VERSIONS},
    start, start_with,
};

const V1: &[u8] = b"PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n";
const V2: &[u8] =
    b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x01\xc6\x33\x64\x02\xdc\x04\x01\xbb";
const V2_LOCAL: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";
const ANNOUNCED: &str = "192.0.2.1:56324";

/// A server that trusts this network to announce clients.
fn behind(world: &World, network: &str) -> MtlsConfigBuilder {
    world
        .config()
        .proxy_protocol(ProxyProtocol::trusting([network.parse().unwrap()]))
}

/// A connection from the proxy, whose own address is the second value.
async fn proxied(server: &mtls_server::Serving, header: &[u8]) -> (TcpStream, String) {
    let mut tcp = TcpStream::connect(server.local_addr()).await.unwrap();
    let own = tcp.local_addr().unwrap().to_string();
    tcp.write_all(header).await.unwrap();
    (tcp, own)
}

#[tokio::test]
async fn a_trusted_proxy_tells_who_the_client_is() {
    let world = World::new();
    let audit = Audit::capture();
    let server = start(behind(&world, "127.0.0.0/8")).await;
    let alice = world.ca.client("alice");
    for version in VERSIONS {
        for (header, announced) in [
            (V1, Some(ANNOUNCED)),
            (V2, Some(ANNOUNCED)),
            (
                b"PROXY TCP6 2001:db8::1 2001:db8::2 1 443\r\n",
                Some("[2001:db8::1]:1"),
            ),
            (b"PROXY UNKNOWN\r\n", None),
            (V2_LOCAL, None),
        ] {
            let (tcp, own) = proxied(&server, header).await;
            let config = client::config(&world, Some(&alice), version);
            let name = ServerName::try_from("localhost").unwrap();
            let connector = TlsConnector::from(Arc::new(config));
            let mut stream = connector.connect(name, tcp).await.unwrap();
            let answer = client::request(&mut stream, "/").await.unwrap();
            assert!(answer.ends_with("CN=alice"), "{answer}");
            let event = audit.only();
            assert_eq!(event["outcome"], "accepted");
            assert_eq!(event["peer"], announced.unwrap_or(&own));
        }
    }
}

#[tokio::test]
async fn handlers_learn_the_announced_address() {
    use axum::{Extension, Router, routing::get};
    use mtls_server::ConnectionIdentity;

    let world = World::new();
    let peer = get(async |Extension(it): Extension<ConnectionIdentity>| it.peer().to_string());
    let router = Router::new().route("/", peer);
    let server = start_with(behind(&world, "127.0.0.0/8"), router).await;
    let (tcp, _) = proxied(&server, V2).await;
    let alice = world.ca.client("alice");
    let config = client::config(&world, Some(&alice), VERSIONS[1]);
    let name = ServerName::try_from("localhost").unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    let mut stream = connector.connect(name, tcp).await.unwrap();
    let answer = client::request(&mut stream, "/").await.unwrap();
    assert!(answer.ends_with(ANNOUNCED), "{answer}");
}

#[tokio::test]
async fn header_and_client_hello_may_come_in_one_packet_or_byte_by_byte() {
    let world = World::new();
    let server = start(behind(&world, "127.0.0.1/32")).await;
    let alice = world.ca.client("alice");
    for header in [V1, V2] {
        for chunk in [usize::MAX, 1] {
            let config = client::config(&world, Some(&alice), VERSIONS[1]);
            let name = ServerName::try_from("localhost").unwrap();
            let mut tls = ClientConnection::new(Arc::new(config), name).unwrap();
            let mut first = header.to_vec();
            tls.write_tls(&mut first).unwrap();
            let mut tcp = TcpStream::connect(server.local_addr()).await.unwrap();
            tcp.set_nodelay(true).unwrap();
            for piece in first.chunks(chunk.min(first.len())) {
                tcp.write_all(piece).await.unwrap();
                tokio::task::yield_now().await;
            }
            // The server's answer to a ClientHello that it took whole is no alert (21) but a
            // handshake message.
            assert_eq!(tcp.read_u8().await.unwrap(), 22, "{chunk}");
        }
    }
}

#[tokio::test]
async fn a_trusted_proxy_must_announce_and_do_it_well() {
    let world = World::new();
    let audit = Audit::capture();
    let server = start(behind(&world, "127.0.0.0/8")).await;
    let hello = b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03";
    let garbage = b"PROXY TCP4 192.0.2.1 198.51.100.2 65536 443\r\n";
    let long = [V1_PART, &[b'x'; 200][..]].concat();
    let endless = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff";
    for bytes in [&hello[..], garbage, &long, endless] {
        let (mut tcp, own) = proxied(&server, bytes).await;
        let mut answer = Vec::new();
        tcp.read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer, b"");
        let event = audit.only();
        assert_eq!(event["reason"], "proxy-protocol", "{bytes:?}");
        assert_eq!(event["peer"], own);
    }
    // Ended early.
    for bytes in [V1_PART, &V2[..20], b""] {
        let (mut tcp, _) = proxied(&server, bytes).await;
        tcp.shutdown().await.unwrap();
        tcp.read_to_end(&mut Vec::new()).await.unwrap();
        assert_eq!(audit.only()["reason"], "proxy-protocol", "{bytes:?}");
    }
}

const V1_PART: &[u8] = b"PROXY TCP4 192.0.2.1 ";

#[tokio::test]
async fn nobody_else_can_choose_an_address() {
    let world = World::new();
    let audit = Audit::capture();
    for config in [world.config(), behind(&world, "192.0.2.0/24")] {
        let server = start(config).await;
        for header in [V1, V2] {
            let (mut tcp, own) = proxied(&server, header).await;
            // No header is read, so this is what it looks like: no TLS, and not from elsewhere.
            tcp.read_to_end(&mut Vec::new()).await.unwrap();
            let event = audit.only();
            assert_eq!(event["reason"], "not-tls");
            assert_eq!(event["peer"], own);
        }
        let alice = client::config(&world, Some(&world.ca.client("alice")), VERSIONS[1]);
        client::get(server.local_addr(), alice, "/").await.unwrap();
        assert_eq!(audit.only()["outcome"], "accepted");
    }
}

#[tokio::test]
async fn a_header_has_the_time_of_the_first_byte() {
    let world = World::new();
    let audit = Audit::capture();
    let mut limits = Limits::default();
    limits.first_byte = Duration::from_millis(200);
    let server = start(behind(&world, "127.0.0.0/8").limits(limits)).await;
    for (bytes, reason) in [
        (&b""[..], "proxy-protocol"),
        (V1_PART, "proxy-protocol"),
        (V1, "first-byte-timeout"),
    ] {
        let (mut tcp, own) = proxied(&server, bytes).await;
        tcp.read_to_end(&mut Vec::new()).await.unwrap();
        let event = audit.only();
        assert_eq!(event["reason"], reason, "{bytes:?}");
        let announced = reason == "first-byte-timeout";
        assert_eq!(event["peer"], if announced { ANNOUNCED } else { &own });
    }
}

#[tokio::test]
async fn clients_of_one_proxy_are_limited_by_their_own_addresses() {
    let world = World::new();
    let audit = Audit::capture();
    let mut limits = Limits::default();
    limits.half_open_per_address = 1;
    let server = start(behind(&world, "127.0.0.0/8").limits(limits)).await;
    let header = |last: u8| format!("PROXY TCP4 192.0.2.{last} 198.51.100.2 1 443\r\n");
    // Two silent ones before their header, two clients, and a second connection of the first.
    let (_one, _) = proxied(&server, b"").await;
    let (_two, _) = proxied(&server, b"").await;
    let (mut first, _) = proxied(&server, header(1).as_bytes()).await;
    let (_second, _) = proxied(&server, header(2).as_bytes()).await;
    let (mut again, _) = proxied(&server, header(1).as_bytes()).await;
    // Whichever header was read first.
    let (mut rest, mut other) = (Vec::new(), Vec::new());
    tokio::select! {
        ended = first.read_to_end(&mut rest) => ended,
        ended = again.read_to_end(&mut other) => ended,
    }
    .unwrap();
    let event = audit.only();
    assert_eq!(event["reason"], "evicted");
    assert_eq!(event["peer"], "192.0.2.1:1");
}
