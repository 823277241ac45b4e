//! Ways around a decision that was made: by timing, by what is kept, by what cannot be read.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{Router, body::Body, routing::get};
use mtls_server::{
    ClientAuth, ConnectionAcceptor, Limits, MtlsConfig, Resumption, Rule, SessionStorage,
    VirtualHost,
};
use rustls::HandshakeKind;
use test_pki::rcgen::CustomExtension;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::timeout,
};

use crate::support::{
    World,
    adapter::{ADAPTERS, Adapter},
    client::{self, VERSIONS},
    connection::{Connection, HTTPS, Http, PATIENCE},
    h2,
    pki::{Ca, Leaf},
    raw::Raw,
    router, start,
};

const GET: &str = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// A handler that says when it has begun, and never answers.
fn never() -> (Router, mpsc::Receiver<()>) {
    let (enter, entered) = mpsc::channel(8);
    let handler = move || {
        let enter = enter.clone();
        async move {
            enter.send(()).await.unwrap();
            std::future::pending::<()>().await;
        }
    };
    (router().route("/never", get(handler)), entered)
}

/// How long a server may take until it has read what was sent.
const READ: Duration = Duration::from_millis(200);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handshake_held_open_is_no_way_around_a_revocation() {
    let world = World::new();
    let alice = world.ca.client("alice");
    for adapter in ADAPTERS {
        for version in VERSIONS {
            for revoked in [false, true] {
                let server = adapter
                    .start(world.config().build().unwrap(), router())
                    .await;
                let config = client::config(&world, Some(&alice), version);
                let mut raw = Raw::new("localhost", server.address, config).await;
                let flight = raw.last_flight().await.unwrap();
                // The certificate is judged, and Finished is not there yet.
                let (judged, held) = flight.split_at(flight.len() - 10);
                raw.send(judged).await.unwrap();
                tokio::time::sleep(READ).await;
                if revoked {
                    server.handle.revoke_now(Rule::common_name("alice")).await;
                }
                raw.send(held).await.unwrap();
                let answer = timeout(PATIENCE, raw.ask(GET)).await.unwrap();
                let let_in = answer.is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"));
                assert_eq!(let_in, !revoked, "{adapter:?} {version:?}");
            }
        }
    }
}

/// A connection that is only to end soon has a request that runs on.
async fn retiring(
    http: Http,
    leaf: &Leaf,
    world: &World,
) -> (crate::support::adapter::Running, Answer) {
    let (router, mut entered) = never();
    let server = Adapter::Serve
        .start(world.config().build().unwrap(), router)
        .await;
    let config = client::config(world, Some(leaf), VERSIONS[1]);
    let mut connection = Connection::open(http, server.address, config)
        .await
        .unwrap();
    let request = connection.request("localhost", "/never");
    let answer = connection.send(request.body(Body::empty()).unwrap()).await;
    let answer = tokio::spawn(async move {
        let status = answer.await.map(|answer| answer.status().as_u16());
        drop(connection);
        status
    });
    timeout(PATIENCE, entered.recv()).await.unwrap().unwrap();
    let ruled = world.config().rule(Rule::not(Rule::common_name("nobody")));
    server.handle.replace(ruled.build().unwrap()).await;
    (server, answer)
}

type Answer = tokio::task::JoinHandle<Result<u16, hyper::Error>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_revoked_on_a_connection_that_ends_already_is_told_so_and_out_at_once() {
    for http in HTTPS {
        let world = World::new();
        let alice = world.ca.client("alice");
        let (server, answer) = retiring(http, &alice, &world).await;
        assert_eq!(
            server.handle.revoke_now(Rule::common_name("alice")).await,
            1
        );
        let answer = timeout(PATIENCE, answer).await.unwrap().unwrap();
        assert_eq!(answer.unwrap(), 403, "{http:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_ends_already_does_not_outlive_the_certificate() {
    for http in HTTPS {
        let world = World::new();
        let brief = world
            .ca
            .client("brief")
            .valid_until(time::OffsetDateTime::now_utc() + time::Duration::seconds(2));
        let (_server, answer) = retiring(http, &brief, &world).await;
        let began = Instant::now();
        let answer = timeout(PATIENCE, answer).await.unwrap().unwrap();
        assert_eq!(answer.unwrap(), 403, "{http:?}");
        assert!(began.elapsed() < Duration::from_secs(5));
    }
}

/// `secret.localhost` requires a certificate, and every other name does not.
fn with_a_secret_host(world: &World) -> MtlsConfig {
    let secret = VirtualHost::new(world.identity(), world.anchors());
    let config = world.config().client_auth(ClientAuth::Optional);
    config
        .virtual_host("secret.localhost", secret)
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_host_that_cannot_be_read_is_no_way_to_a_name_with_other_settings() {
    let world = World::new();
    for adapter in ADAPTERS {
        let server = adapter.start(with_a_secret_host(&world), router()).await;
        for (host, good) in [
            ("localhost", true),
            ("localhost:8443", true),
            ("secret.localhost", false),
            ("secret.localhost:443:1", false),
            ("secret.localhost/", false),
            ("secret.localhost, localhost", false),
            ("secret.localhost#", false),
            ("secret.localhost\tx", false),
            ("\"secret.localhost\"", false),
            ("secret.localhost:443@localhost", false),
            ("localhost@secret.localhost", false),
            ("localhost\\secret.localhost", false),
            ("secret.localhost localhost", false),
            ("localhost:65536", false),
            ("localhost:x", false),
            (":443", false),
            ("secret%2elocalhost", false),
            ("localhost..", false),
            ("secret.localhost.", false),
            ("[secret.localhost]", false),
            ("[::1]:8443", true),
            ("127.0.0.1", true),
            ("", true),
        ] {
            let config = client::config(&world, None, VERSIONS[1]);
            let mut stream = client::connect(server.address, config).await.unwrap();
            let answer = client::request_of(host, &mut stream, "/").await.unwrap();
            let status = answer.get(9..12).unwrap_or_default();
            let expected = match good {
                true => "200",
                false => "421",
            };
            assert_eq!(status, expected, "{adapter:?} {host:?} {answer}");
        }
    }
}

#[tokio::test]
async fn a_host_that_cannot_be_read_is_served_where_all_names_have_the_same_settings() {
    let world = World::new();
    for (auth, expected) in [(ClientAuth::Optional, "200"), (ClientAuth::Required, "421")] {
        let (identity, anchors) = (world.identity(), world.anchors());
        let other = VirtualHost::new(identity, anchors.clone()).client_auth(auth);
        let config = world
            .config_trusting(anchors)
            .client_auth(ClientAuth::Optional)
            .virtual_host("other.localhost", other);
        let server = start(config).await;
        let config = client::config(&world, None, VERSIONS[1]);
        let mut stream = client::connect(server.local_addr(), config).await.unwrap();
        let answer = client::request_of("localhost..", &mut stream, "/")
            .await
            .unwrap();
        assert_eq!(answer.get(9..12), Some(expected), "{auth:?}");
    }
}

#[tokio::test]
async fn user_information_is_no_way_to_a_name_with_other_settings_in_any_version_of_http() {
    let world = World::new();
    for adapter in ADAPTERS {
        let server = adapter.start(with_a_secret_host(&world), router()).await;
        for (target, hosts, expected) in [
            ("http://localhost/", &["localhost"][..], "200"),
            ("http://secret@localhost/", &["localhost"], "421"),
            (
                "http://secret.localhost:443@localhost/",
                &["localhost"],
                "421",
            ),
            (
                "http://localhost/",
                &["secret.localhost:443@localhost"],
                "421",
            ),
            ("/", &["localhost", "localhost@secret.localhost"], "421"),
            ("/", &["localhost", "localhost"], "200"),
        ] {
            let config = client::config(&world, None, VERSIONS[1]);
            let mut stream = client::connect(server.address, config).await.unwrap();
            let hosts: String = hosts
                .iter()
                .map(|host| format!("Host: {host}\r\n"))
                .collect();
            let request = format!("GET {target} HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n");
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            let status = answer.get(9..12).unwrap_or_default();
            assert_eq!(status, expected, "{adapter:?} {target} {hosts:?}");
        }
        for (authority, host, expected) in [
            (Some("localhost"), None, Some(Status::Ok)),
            (Some("secret.localhost"), None, Some(Status::Misdirected)),
            // Some libraries refuse it themselves.
            (Some("secret.localhost:443@localhost"), None, None),
            (
                Some("localhost"),
                Some("secret.localhost:443@localhost"),
                Some(Status::Misdirected),
            ),
            (
                Some("localhost"),
                Some("secret.localhost"),
                Some(Status::Misdirected),
            ),
            (None, Some("localhost"), Some(Status::Ok)),
            (None, Some("secret@localhost"), Some(Status::Misdirected)),
            (None, None, Some(Status::Ok)),
        ] {
            let mut config = client::config(&world, None, VERSIONS[1]);
            config.alpn_protocols = vec![b"h2".to_vec()];
            let mut stream = client::connect(server.address, config).await.unwrap();
            h2::begin(&mut stream).await;
            let block = h2::get_of(authority, host, "/");
            let flags = h2::END_STREAM | h2::END_HEADERS;
            let request = h2::frame(h2::HEADERS, flags, 1, &block);
            stream.write_all(&request).await.unwrap();
            let status = status(&mut stream).await;
            let case = format!("{adapter:?} {authority:?} {host:?}");
            match expected {
                Some(expected) => assert_eq!(status, expected, "{case}"),
                None => assert_ne!(status, Status::Ok, "{case}"),
            }
        }
    }
}

#[derive(Debug, Eq, PartialEq)]
enum Status {
    Ok,
    Misdirected,
    /// The stream was reset, or the connection closed.
    Refused,
}

/// The answer to the first request.
async fn status(stream: &mut tokio_rustls::client::TlsStream<TcpStream>) -> Status {
    loop {
        match h2::read(stream).await {
            // 200 has an index of its own (RFC 7541 appendix A). Others are Huffman-coded: 421.
            Some(frame) if frame.kind == h2::HEADERS => {
                return match frame.payload[..] {
                    [0x88, ..] => Status::Ok,
                    [_, 0x82, a, b, ..] if [a, b] == [0x68, 0x41] => Status::Misdirected,
                    ref other => panic!("{other:x?}"),
                };
            }
            Some(frame) if frame.kind == h2::RST_STREAM => return Status::Refused,
            Some(_) => {}
            None => return Status::Refused,
        }
    }
}

#[tokio::test]
async fn a_long_chain_is_no_session_that_fills_the_memory() {
    let world = World::new();
    let short = world.ca.client("short");
    let padding = Ca::root("padding").with(|params| {
        let blob = CustomExtension::from_oid_content(&[2, 999, 1], vec![0x55; 2500]);
        params.custom_extensions.push(blob);
    });
    let long = world.ca.client("long").presenting([padding.der(); 8]);
    for version in VERSIONS {
        for (leaf, expected) in [
            (&short, HandshakeKind::Resumed),
            (&long, HandshakeKind::Full),
        ] {
            // Room for 16 KiB, and the long chain has 24.
            let resumption = Resumption::Revalidate {
                ttl: Duration::from_secs(3600),
                storage: SessionStorage::InMemory { sessions: 2 },
            };
            let server = start(world.config().resumption(resumption)).await;
            let config = Arc::new(client::config(&world, Some(leaf), version));
            let mut kinds = Vec::new();
            for _ in 0..2 {
                let config = Arc::clone(&config);
                let mut stream = client::connect_as("localhost", server.local_addr(), config)
                    .await
                    .unwrap();
                client::request(&mut stream, "/").await.unwrap();
                kinds.push(stream.get_ref().1.handshake_kind().unwrap());
            }
            assert_eq!(kinds, [HandshakeKind::Full, expected], "{version:?}");
        }
    }
}

#[test]
fn the_sweep_of_connections_outlives_the_runtime_that_began_it() {
    let world = World::new();
    let mut limits = Limits::default();
    limits.idle = Duration::from_millis(300);
    let acceptor = ConnectionAcceptor::new(world.config().limits(limits).build().unwrap());
    let alice = world.ca.client("alice");
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let accepted = async || {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let config = client::config(&world, Some(&alice), VERSIONS[1]);
        let client = tokio::spawn(client::connect(address, config));
        let (stream, peer): (TcpStream, _) = listener.accept().await.unwrap();
        let stream = acceptor
            .accept(stream, peer)
            .await
            .unwrap()
            .into_stream()
            .unwrap();
        (stream, client.await.unwrap().unwrap())
    };
    let first = runtime();
    let kept = first.block_on(accepted());
    drop(first);
    runtime().block_on(async {
        let (mut stream, _client) = accepted().await;
        let end = timeout(PATIENCE, stream.read(&mut [0; 16])).await;
        assert_eq!(end.expect("its time is over").unwrap(), 0);
    });
    drop(kept);
}
