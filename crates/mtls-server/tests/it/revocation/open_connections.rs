//! Open connections are judged again: by each new generation, and when the certificate ends.

use std::{convert::Infallible, time::Duration, time::Instant};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::ws::{Message, WebSocketUpgrade},
    response::sse::{Event, Sse},
    routing::{get, post},
};
use futures_util::stream;
use http_body_util::BodyExt as _;
use mtls_server::{ClientAuth, ClientCert, Limits, MtlsConfig, Rule, verify::Revocation};
use tokio::{sync::mpsc, time::timeout};

use crate::support::{
    World,
    adapter::{ADAPTERS, Adapter, Running},
    audit::Audit,
    client::{self, VERSIONS},
    connection::{Connection, HTTPS, Http, PATIENCE, text},
    pki::{Leaf, crl_set},
};

const REVOKED: u64 = 0x5150;

/// What a connection that has to go may take at most.
const SOON: Duration = Duration::from_secs(1);

/// Alice, whom a list revokes later, and Bob, whom none does.
struct Scene {
    world: World,
    alice: Leaf,
    bob: Leaf,
    server: Running,
    /// A handler that never answers has begun.
    entered: mpsc::Receiver<()>,
}

impl Scene {
    async fn new(adapter: Adapter) -> Self {
        let world = World::new();
        let alice = world.ca.client("alice").serial(REVOKED);
        let bob = world.ca.client("bob");
        let (enter, entered) = mpsc::channel(8);
        let server = adapter.start(good(&world), router(enter)).await;
        Self {
            world,
            alice,
            bob,
            server,
            entered,
        }
    }

    async fn open(&self, http: Http, leaf: &Leaf) -> Connection {
        let config = client::config(&self.world, Some(leaf), VERSIONS[1]);
        Connection::open(http, self.server.address, config)
            .await
            .unwrap()
    }

    async fn revoke_alice(&self) {
        let lists = crl_set(&self.world.ca.crl().revoke(REVOKED));
        let config = self.world.config().revocation(Revocation::new(lists));
        self.server.handle.replace(config.build().unwrap()).await;
    }
}

fn good(world: &World) -> MtlsConfig {
    let lists = crl_set(&world.ca.crl());
    let config = world.config().revocation(Revocation::new(lists));
    config.build().unwrap()
}

fn router(enter: mpsc::Sender<()>) -> Router {
    let never = move || {
        let enter = enter.clone();
        async move {
            enter.send(()).await.unwrap();
            std::future::pending::<()>().await;
        }
    };
    let events = async || {
        let first = stream::iter([Ok::<_, Infallible>(Event::default().data("first"))]);
        Sse::new(futures_util::StreamExt::chain(first, stream::pending()))
    };
    // Sleeps with the socket in its hand, and neither reads nor writes.
    let socket = async |upgrade: WebSocketUpgrade| {
        upgrade.on_upgrade(async |mut socket| {
            socket.send(Message::text("hello")).await.unwrap();
            tokio::time::sleep(Duration::from_secs(3600)).await;
        })
    };
    Router::new()
        .route(
            "/",
            get(async |client: ClientCert| client.subject().to_string()),
        )
        .route("/never", get(never))
        .route("/events", get(events))
        .route("/socket", get(socket))
        .route("/upload", post(async |body: Bytes| body.len().to_string()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_clients_running_request_is_answered_403_and_its_connection_closed() {
    for adapter in ADAPTERS {
        for http in HTTPS {
            let mut scene = Scene::new(adapter).await;
            let mut alice = scene.open(http, &scene.alice).await;
            let mut bob = scene.open(http, &scene.bob).await;
            assert_eq!(alice.get("/").await.unwrap(), (200, "CN=alice".to_owned()));
            assert_eq!(bob.get("/").await.unwrap().0, 200);
            let request = alice
                .request("localhost", "/never")
                .body(Body::empty())
                .unwrap();
            let running = tokio::spawn(alice.send(request).await);
            timeout(PATIENCE, scene.entered.recv())
                .await
                .unwrap()
                .unwrap();
            scene.revoke_alice().await;
            let began = Instant::now();
            let answer = timeout(PATIENCE, running).await.unwrap().unwrap().unwrap();
            assert_eq!(answer.status(), 403, "{adapter:?} {http:?}");
            let told = text(answer).await.unwrap();
            assert!(
                told.contains("client_certificate_denied") && !told.contains("alice"),
                "{told}"
            );
            alice.closed().await;
            assert!(
                began.elapsed() < SOON + SLACK,
                "{adapter:?} {http:?} {:?}",
                began.elapsed()
            );
            // Nobody else notices.
            assert_eq!(bob.get("/").await.unwrap(), (200, "CN=bob".to_owned()));
            assert!(bob.is_open());
        }
    }
}

/// For a machine that has other things to do.
const SLACK: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_clients_idle_connection_is_closed_and_does_not_come_back() {
    for adapter in ADAPTERS {
        for http in HTTPS {
            let scene = Scene::new(adapter).await;
            let mut alice = scene.open(http, &scene.alice).await;
            assert_eq!(alice.get("/").await.unwrap().0, 200);
            scene.revoke_alice().await;
            let began = Instant::now();
            alice.closed().await;
            assert!(
                began.elapsed() < SOON + SLACK,
                "{adapter:?} {http:?} {:?}",
                began.elapsed()
            );
            let config = client::config(&scene.world, Some(&scene.alice), VERSIONS[0]);
            client::get(scene.server.address, config, "/")
                .await
                .unwrap_err();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_never_ends_ends_with_the_right_to_it() {
    for adapter in ADAPTERS {
        for http in HTTPS {
            let scene = Scene::new(adapter).await;
            let mut alice = scene.open(http, &scene.alice).await;
            let request = alice
                .request("localhost", "/events")
                .body(Body::empty())
                .unwrap();
            let mut events = alice.send(request).await.await.unwrap().into_body();
            let first = events.frame().await.unwrap().unwrap().into_data().unwrap();
            assert!(first.starts_with(b"data: first"));
            scene.revoke_alice().await;
            let began = Instant::now();
            // Whether as an error or an end, it is over.
            let next = timeout(PATIENCE, events.frame()).await.unwrap();
            assert!(
                next.is_none_or(|next| next.is_err()),
                "{adapter:?} {http:?}"
            );
            assert!(began.elapsed() < SOON + SLACK, "{:?}", began.elapsed());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_web_socket_whose_handler_sleeps_is_closed_all_the_same() {
    use futures_util::StreamExt as _;
    for adapter in ADAPTERS {
        let scene = Scene::new(adapter).await;
        let mut sockets = Vec::new();
        for leaf in [&scene.alice, &scene.bob] {
            let config = client::config(&scene.world, Some(leaf), VERSIONS[1]);
            let stream = client::connect(scene.server.address, config).await.unwrap();
            let url = "wss://localhost/socket";
            let (mut socket, _) = tokio_tungstenite::client_async(url, stream).await.unwrap();
            let hello = socket.next().await.unwrap().unwrap();
            assert_eq!(hello.into_text().unwrap(), "hello");
            sockets.push(socket);
        }
        let [alice, bob] = &mut sockets[..] else {
            unreachable!()
        };
        scene.revoke_alice().await;
        let began = Instant::now();
        let next = timeout(PATIENCE, alice.next()).await.unwrap();
        assert!(next.is_none_or(|next| next.is_err()), "{adapter:?}");
        assert!(began.elapsed() < SOON + SLACK, "{:?}", began.elapsed());
        let silence = timeout(Duration::from_millis(200), bob.next()).await;
        assert!(silence.is_err(), "{silence:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_connection_outlives_the_certificate() {
    for adapter in ADAPTERS {
        for http in HTTPS {
            let scene = Scene::new(adapter).await;
            let brief = scene
                .world
                .ca
                .client("brief")
                .valid_until(time::OffsetDateTime::now_utc() + time::Duration::seconds(2));
            let mut brief = scene.open(http, &brief).await;
            assert_eq!(brief.get("/").await.unwrap().0, 200);
            let began = Instant::now();
            brief.closed().await;
            assert!(began.elapsed() < Duration::from_secs(3) + SOON + SLACK);
        }
    }
}

#[tokio::test]
async fn whoever_is_revoked_at_this_moment_is_out_at_once() {
    let scene = Scene::new(Adapter::Serve).await;
    let audit = Audit::capture();
    let mut alice = scene.open(Http::Two, &scene.alice).await;
    let mut bob = scene.open(Http::Two, &scene.bob).await;
    for client in [&mut alice, &mut bob] {
        assert_eq!(client.get("/").await.unwrap().0, 200);
    }
    audit.take();
    let ended = scene
        .server
        .handle
        .revoke_now(Rule::common_name("alice"))
        .await;
    assert_eq!(ended, 1);
    alice.closed().await;
    assert_eq!(bob.get("/").await.unwrap().0, 200);
    let none = scene
        .server
        .handle
        .revoke_now(Rule::common_name("carol"))
        .await;
    assert_eq!(none, 0);
}

#[tokio::test]
async fn an_anonymous_connection_ends_where_a_certificate_becomes_required() {
    let world = World::new();
    let optional = world
        .config()
        .client_auth(ClientAuth::Optional)
        .build()
        .unwrap();
    let (enter, _entered) = mpsc::channel(1);
    let router = router(enter).route("/open", get(async || "open"));
    let server = Adapter::Serve.start(optional, router).await;
    let config = client::config(&world, None, VERSIONS[1]);
    let mut nobody = Connection::open(Http::One, server.address, config)
        .await
        .unwrap();
    assert_eq!(nobody.get("/open").await.unwrap().0, 200);
    server.handle.replace(world.config().build().unwrap()).await;
    nobody.closed().await;
}

#[tokio::test]
async fn an_old_connection_finishes_its_request_and_takes_no_more() {
    for http in HTTPS {
        let world = World::new();
        let mut limits = Limits::default();
        limits.max_age = Duration::from_millis(500);
        let (enter, _entered) = mpsc::channel(1);
        let slow = async || {
            tokio::time::sleep(Duration::from_millis(1500)).await;
            "slow"
        };
        let router = router(enter).route("/slow", get(slow));
        let config = world.config().limits(limits).build().unwrap();
        let server = Adapter::Serve.start(config, router).await;
        let alice = world.ca.client("alice");
        let config = client::config(&world, Some(&alice), VERSIONS[1]);
        let mut alice = Connection::open(http, server.address, config)
            .await
            .unwrap();
        assert_eq!(alice.get("/slow").await.unwrap(), (200, "slow".to_owned()));
        alice.closed().await;
    }
}

#[tokio::test]
async fn an_idle_connection_and_a_slow_body_are_not_waited_for() {
    for adapter in ADAPTERS {
        let world = World::new();
        let mut limits = Limits::default();
        limits.idle = Duration::from_millis(700);
        limits.body = Duration::from_millis(300);
        let (enter, _entered) = mpsc::channel(1);
        let config = world.config().limits(limits).build().unwrap();
        let server = adapter.start(config, router(enter)).await;
        for http in HTTPS {
            let alice = world.ca.client("alice");
            let config = client::config(&world, Some(&alice), VERSIONS[1]);
            let mut idle = Connection::open(http, server.address, config.clone())
                .await
                .unwrap();
            assert_eq!(idle.get("/").await.unwrap().0, 200);
            idle.closed().await;

            let mut slow = Connection::open(http, server.address, config)
                .await
                .unwrap();
            let body = Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
            let request = slow.request("localhost", "/upload").method("POST");
            let answer = slow.send(request.body(body).unwrap()).await;
            let answer = timeout(PATIENCE, answer).await.unwrap();
            // 400 of the handler that got no body, or the end of the connection.
            assert!(answer.is_err() || answer.is_ok_and(|answer| answer.status() == 400));
        }
    }
}

#[tokio::test]
async fn there_are_as_many_connections_as_allowed_and_each_permit_comes_back() {
    let world = World::new();
    let mut limits = Limits::default();
    limits.connections = 3;
    let (enter, _entered) = mpsc::channel(1);
    let config = world.config().limits(limits).build().unwrap();
    let server = Adapter::Serve.start(config, router(enter)).await;
    let alice = world.ca.client("alice");
    let config = || client::config(&world, Some(&alice), VERSIONS[1]);
    for _ in 0..3 {
        // Left at each step of the handshake.
        for sent in [&b""[..], b"\x16", b"\x16\x03\x01\x02\x00\x01"] {
            let mut peer = tokio::net::TcpStream::connect(server.address)
                .await
                .unwrap();
            tokio::io::AsyncWriteExt::write_all(&mut peer, sent)
                .await
                .unwrap();
        }
        let mut open = Vec::new();
        for _ in 0..3 {
            let mut connection = Connection::open(Http::One, server.address, config())
                .await
                .unwrap();
            assert_eq!(connection.get("/").await.unwrap().0, 200);
            open.push(connection);
        }
        client::get(server.address, config(), "/")
            .await
            .unwrap_err();
        assert_eq!(open[0].get("/").await.unwrap().0, 200);
        drop(open);
        while server.handle.connection_count() > 0 {
            tokio::task::yield_now().await;
        }
    }
}
