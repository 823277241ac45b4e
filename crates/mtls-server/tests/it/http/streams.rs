//! Connections for adapters that are not of this crate: protocols other than HTTP, and other HTTP
//! servers.

use std::{net::SocketAddr, time::Duration};

use axum::{Router, http::HeaderMap, routing::get, serve::Listener};
use mtls_server::{
    ClientAuth, ConnectionAcceptor, Limits, MtlsConfig, MtlsConfigBuilder, MtlsHandle,
    MtlsListener, MtlsStream, Rule,
};
use rustls::ClientConfig;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufStream},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::timeout,
};
use tokio_rustls::client::TlsStream;

use crate::support::{
    World,
    adapter::Adapter,
    audit::Audit,
    client::{self, VERSIONS},
    connection::{Connection, HTTPS, PATIENCE},
    pki::Leaf,
};

/// A protocol of lines, each of which is echoed behind the name of who sent it.
struct Lines {
    address: SocketAddr,
    handle: MtlsHandle,
    /// Why a connection was refused, or how its last read ended.
    ended: mpsc::Receiver<&'static str>,
}

impl Lines {
    async fn start(config: MtlsConfig) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let acceptor = ConnectionAcceptor::new(config);
        let handle = acceptor.handle();
        let (tell, ended) = mpsc::channel(8);
        tokio::spawn(async move {
            while let Ok((tcp, peer)) = listener.accept().await {
                let (acceptor, tell) = (acceptor.clone(), tell.clone());
                tokio::spawn(async move {
                    let accepted = acceptor.accept(tcp, peer).await;
                    let ended = match accepted.and_then(|accepted| accepted.into_stream()) {
                        Ok(stream) => echo(stream).await,
                        Err(refusal) => refusal.reason().code(),
                    };
                    tell.send(ended).await.unwrap();
                });
            }
        });
        Self {
            address,
            handle,
            ended,
        }
    }

    async fn why(&mut self) -> &'static str {
        let ended = timeout(PATIENCE, self.ended.recv()).await;
        ended.expect("the connection has ended").unwrap()
    }
}

async fn echo(stream: MtlsStream<TcpStream>) -> &'static str {
    let client = stream.identity().client();
    let name = client.and_then(|client| client.common_name());
    let name = name.unwrap_or("nobody").to_owned();
    let mut stream = BufStream::new(stream);
    loop {
        let mut line = String::new();
        match stream.read_line(&mut line).await {
            Ok(0) => return "end",
            Err(_) => return "error",
            Ok(_) => {}
        }
        let answer = format!("{name}: {line}");
        if stream.write_all(answer.as_bytes()).await.is_err() || stream.flush().await.is_err() {
            return "not written";
        }
    }
}

/// A client of [`Lines`].
struct Peer(BufStream<TlsStream<TcpStream>>);

impl Peer {
    async fn connect(server: &Lines, config: ClientConfig) -> Self {
        let stream = client::connect(server.address, config).await.unwrap();
        Self(BufStream::new(stream))
    }

    /// The answer; empty where the connection was closed.
    async fn say(&mut self, line: &str) -> String {
        // A connection that is closed shows at the read.
        let _ = self.0.write_all(format!("{line}\n").as_bytes()).await;
        let _ = self.0.flush().await;
        self.hear().await
    }

    async fn hear(&mut self) -> String {
        let mut answer = String::new();
        let read = timeout(PATIENCE, self.0.read_line(&mut answer)).await;
        // Reset or end, it is closed.
        let _ = read.expect("an answer, or the end");
        answer
    }
}

fn as_client(world: &World, leaf: Option<&Leaf>) -> ClientConfig {
    client::config(world, leaf, VERSIONS[1])
}

fn build(builder: MtlsConfigBuilder) -> MtlsConfig {
    builder.build().unwrap()
}

#[tokio::test]
async fn the_rule_of_a_name_is_asked_before_a_stream_is_handed_out() {
    let world = World::new();
    let alice = world.ca.client("alice");
    let bob = world.ca.client("bob");
    let config = || {
        let rule = Rule::common_name("alice").named("friends");
        world.config().client_auth(ClientAuth::Optional).rule(rule)
    };
    let audit = Audit::capture();
    for (leaf, answer, ended) in [
        (Some(&alice), "alice: hello\n", "end"),
        (Some(&bob), "", "denied"),
        (None, "", "no-certificate"),
    ] {
        let mut server = Lines::start(build(config())).await;
        let mut peer = Peer::connect(&server, as_client(&world, leaf)).await;
        assert_eq!(peer.say("hello").await, answer);
        let _ = peer.0.shutdown().await;
        assert_eq!(server.why().await, ended);
        let decided = audit
            .take()
            .into_iter()
            .filter(|it| it.contains_key("rule"));
        let decided: Vec<_> = decided.collect();
        assert_eq!(decided.len(), 1, "{decided:?}");
        let expected = if answer.is_empty() {
            "denied"
        } else {
            "allowed"
        };
        assert_eq!(decided[0]["outcome"], expected);
        assert_eq!(decided[0]["rule"], "friends");
    }
}

#[tokio::test]
async fn a_protocol_without_http_has_no_header_limit_and_ends_when_it_is_idle() {
    let world = World::new();
    let alice = world.ca.client("alice");
    let mut limits = Limits::default();
    limits.header = Duration::from_millis(300);
    limits.idle = Duration::from_secs(2);
    let mut server = Lines::start(build(world.config().limits(limits))).await;
    let mut peer = Peer::connect(&server, as_client(&world, Some(&alice))).await;
    // Silent for longer than a header may take; in all for longer than it may be idle.
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_millis(800)).await;
        assert_eq!(peer.say("still here").await, "alice: still here\n");
    }
    assert_eq!(peer.hear().await, "");
    assert_eq!(server.why().await, "end");
}

#[tokio::test]
async fn who_is_revoked_is_cut_off_before_another_line_is_read() {
    let world = World::new();
    let alice = world.ca.client("alice");
    let bob = world.ca.client("bob");
    let mut server = Lines::start(build(world.config())).await;
    let mut alice = Peer::connect(&server, as_client(&world, Some(&alice))).await;
    let mut bob = Peer::connect(&server, as_client(&world, Some(&bob))).await;
    assert_eq!(alice.say("hello").await, "alice: hello\n");
    assert_eq!(bob.say("hello").await, "bob: hello\n");
    let ended = server.handle.revoke_now(Rule::common_name("alice")).await;
    assert_eq!(ended, 1);
    // As soon as `revoke_now` has returned: no quarter of a second in which she is still heard.
    assert_eq!(alice.say("delete everything").await, "");
    assert_eq!(server.why().await, "end");
    assert_eq!(bob.say("still here").await, "bob: still here\n");
}

#[tokio::test]
async fn a_shut_down_ends_streams_when_the_grace_is_over() {
    let world = World::new();
    let alice = world.ca.client("alice");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = ConnectionAcceptor::new(build(world.config()));
    let client = tokio::spawn(client::connect(address, as_client(&world, Some(&alice))));
    let (tcp, peer) = listener.accept().await.unwrap();
    let mut stream = acceptor
        .accept(tcp, peer)
        .await
        .unwrap()
        .into_stream()
        .unwrap();
    let _client = client.await.unwrap().unwrap();
    acceptor.shut_down(Duration::from_millis(100));
    let end = timeout(PATIENCE, stream.read(&mut [0; 16])).await;
    assert_eq!(end.expect("the grace is over").unwrap(), 0);
}

#[tokio::test]
async fn plain_hyper_with_the_service_of_its_connection_strips_denies_and_cuts_off() {
    let world = World::new();
    let alice = world.ca.client("alice");
    let bob = world.ca.client("bob");
    for http in HTTPS {
        let told = async |headers: HeaderMap| headers.contains_key("client-cert").to_string();
        let router = Router::new().route("/", get(told));
        let rule = Rule::common_name("alice");
        let config = build(world.config().rule(rule));
        let server = Adapter::Hyper.start(config, router).await;
        let connect = async |leaf| {
            let config = as_client(&world, Some(leaf));
            Connection::open(http, server.address, config)
                .await
                .unwrap()
        };
        let mut denied = connect(&bob).await;
        assert_eq!(denied.get("/").await.unwrap().0, 403);
        let mut allowed = connect(&alice).await;
        let request = allowed
            .request("localhost", "/")
            .header("client-cert", ":AAAA:");
        let answer = allowed
            .send(request.body(axum::body::Body::empty()).unwrap())
            .await;
        let answer = crate::support::connection::text(answer.await.unwrap()).await;
        assert_eq!(answer.unwrap(), "false");
        server.handle.revoke_now(Rule::common_name("alice")).await;
        allowed.closed().await;
    }
}

#[tokio::test]
async fn a_listener_without_per_connection_hands_out_nothing_that_can_be_read() {
    let world = World::new();
    let alice = world.ca.client("alice");
    let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut listener = MtlsListener::new(tcp, build(world.config())).unwrap();
    let address = Listener::local_addr(&listener).unwrap();
    let config = || as_client(&world, Some(&alice));
    let client = tokio::spawn(client::connect(address, config()));
    let (mut sealed, _) = Listener::accept(&mut listener).await;
    let mut client = client.await.unwrap().unwrap();
    client.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    assert!(sealed.read(&mut [0; 16]).await.is_err());
    assert!(sealed.write(b"HTTP/1.1 200 OK\r\n\r\n").await.is_err());

    // The bare router: no request reaches it.
    let router = Router::new().route("/", get(async || "reached"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let mut client = client::connect(address, config()).await.unwrap();
    let answer = client::request(&mut client, "/").await;
    assert!(answer.is_err() || answer.is_ok_and(|answer| answer.is_empty()));
}
