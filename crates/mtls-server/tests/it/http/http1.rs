//! HTTP/1.1: pauses between requests, requests that wait behind others, answers that end with the connection, and
//! connections that go on without HTTP.

use std::{convert::Infallible, sync::Arc, time::Duration, time::Instant};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::Request,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use futures_util::stream;
use hyper_util::rt::TokioIo;
use mtls_server::{Limits, Rule};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::{Notify, mpsc},
    time::timeout,
};
use tokio_rustls::client::TlsStream;

use crate::support::{
    World,
    adapter::{Adapter, Running},
    client::{self, VERSIONS},
    connection::PATIENCE,
};

fn router() -> Router {
    Router::new()
        .route("/", get(async || "whole"))
        .route("/streamed", get(streamed))
        .route("/upload", post(async |body: Bytes| body.len().to_string()))
}

/// A server that speaks HTTP itself.
struct Scene {
    world: World,
    server: Running,
}

impl Scene {
    async fn new() -> Self {
        let world = World::new();
        let config = world.config().build().unwrap();
        let server = Adapter::Serve.start(config, router()).await;
        Self { world, server }
    }

    async fn connect(&self) -> TlsStream<TcpStream> {
        let alice = self.world.ca.client("alice");
        let config = client::config(&self.world, Some(&alice), VERSIONS[1]);
        client::connect(self.server.address, config).await.unwrap()
    }
}

/// What a client sends, with pauses that are long enough for the server to put its buffers away, and how many
/// answers of 200 it gets.
#[tokio::test]
async fn an_idle_connection_loses_nothing() {
    const GET: &str = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    const LAST: &str = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    const POST: &str = "POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\n";
    let scene = Scene::new().await;
    let talk = async |parts: &[&str]| {
        let mut stream = scene.connect().await;
        for part in parts {
            stream.write_all(part.as_bytes()).await.unwrap();
            tokio::time::sleep(Duration::from_millis(1600)).await;
        }
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer.matches("HTTP/1.1 200 OK").count()
    };
    let partial = [&format!("{GET}GET / HT"), &GET["GET / HT".len()..], LAST];
    let pipelined = [&format!("{GET}{GET}{GET}"), "\r\n", LAST];
    let body = [&format!("{POST}\r\n\r\n"), LAST];
    let body_after_head = [POST, "\r\n\r\n", GET, LAST];
    let (one, two, three, four, five) = tokio::join!(
        talk(&[GET, GET, LAST]),
        talk(&partial),
        talk(&pipelined),
        talk(&body),
        talk(&body_after_head),
    );
    assert_eq!([one, two, three, four, five], [3, 3, 4, 2, 3]);
}

/// An answer whose end comes a moment after its only byte.
async fn streamed() -> Body {
    let parts = stream::unfold(0, async |part| {
        if part > 0 {
            tokio::task::yield_now().await;
        }
        let byte = Ok::<_, Infallible>(Bytes::from_static(b"a"));
        (part < 1).then_some((byte, part + 1))
    });
    Body::from_stream(parts)
}

/// Writes `request` and counts the good answers until the end of the stream.
async fn answers_to(request: &str) -> usize {
    let scene = Scene::new().await;
    let mut stream = scene.connect().await;
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let ended = timeout(PATIENCE, stream.read_to_string(&mut answer)).await;
    assert!(ended.is_ok(), "the connection stays, after {answer:?}");
    answer.matches(" 200 OK\r\n").count()
}

#[tokio::test]
async fn requests_that_wait_behind_a_streamed_answer_are_answered() {
    let get =
        |path: &str, more: &str| format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{more}\r\n");
    let last = get("/", "Connection: close\r\n");
    for (request, expected) in [
        (get("/streamed", "") + &last, 2),
        (get("/streamed", "") + &get("/streamed", "") + &last, 3),
        (get("/", "") + &get("/streamed", "") + &last, 3),
        // Nothing but the end of the connection tells where it ends.
        (
            "GET /streamed HTTP/1.0\r\nHost: localhost\r\n\r\n".to_owned(),
            1,
        ),
    ] {
        assert_eq!(answers_to(&request).await, expected, "{request}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_pipelines_many_requests_gets_all_answers() {
    const COUNT: usize = 40;
    let scene = Scene::new().await;
    let mut stream = scene.connect().await;
    let requests = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(COUNT);
    let began = Instant::now();
    // Past some looks at all connections, which come each quarter of a second.
    while began.elapsed() < Duration::from_secs(2) {
        stream.write_all(requests.as_bytes()).await.unwrap();
        let mut answers = Vec::new();
        let all = async {
            while answers.windows(5).filter(|bytes| bytes == b"whole").count() < COUNT {
                assert!(stream.read_buf(&mut answers).await.unwrap() > 0);
            }
        };
        let all = timeout(PATIENCE, all).await;
        assert!(all.is_ok(), "{}", String::from_utf8_lossy(&answers));
    }
}

/// The head of a request, but for its last fields.
const UPGRADE: &str = "GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: echo\r\n";
const CONNECT: &str = "CONNECT localhost:443 HTTP/1.1\r\n";

/// Answers with the status that is wanted; where the connection goes on without HTTP then, with all that it hears.
async fn as_wanted(request: Request) -> Response {
    let wanted = request.headers()["wanted"].to_str().unwrap();
    let status: StatusCode = wanted.parse().unwrap();
    let upgrade = hyper::upgrade::on(request);
    tokio::spawn(async {
        if let Ok(tunnel) = upgrade.await {
            let (mut read, mut write) = tokio::io::split(TokioIo::new(tunnel));
            let _ = tokio::io::copy(&mut read, &mut write).await;
        }
    });
    match status {
        StatusCode::SWITCHING_PROTOCOLS => {
            let fields = [(header::CONNECTION, "upgrade"), (header::UPGRADE, "echo")];
            (status, fields).into_response()
        }
        other => other.into_response(),
    }
}

/// The head of an answer, in small letters.
async fn head(stream: &mut TlsStream<TcpStream>) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let octet = timeout(PATIENCE, stream.read_u8()).await.unwrap();
        head.push(octet.unwrap());
    }
    String::from_utf8(head).unwrap().to_ascii_lowercase()
}

#[tokio::test]
async fn a_connection_is_never_idle_once_it_speaks_something_else() {
    let case = async |request: &str, status: u16, goes_on: bool| {
        let world = World::new();
        let mut limits = Limits::default();
        limits.idle = Duration::from_millis(500);
        let config = world.config().limits(limits.clone()).build().unwrap();
        let server = Adapter::Serve
            .start(config, Router::new().fallback(as_wanted))
            .await;
        let scene = Scene { world, server };
        let mut stream = scene.connect().await;
        let request = format!("{request}Host: localhost\r\nWanted: {status}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let head = head(&mut stream).await;
        assert!(head.starts_with(&format!("http/1.1 {status} ")), "{head}");
        if goes_on {
            tokio::time::sleep(limits.idle * 3).await;
            stream.write_all(b"hello").await.unwrap();
            let mut heard = [0; 5];
            let read = timeout(PATIENCE, stream.read_exact(&mut heard)).await;
            read.unwrap().unwrap();
            assert_eq!(&heard, b"hello");
        } else {
            let end = timeout(PATIENCE, stream.read(&mut [0; 1])).await;
            assert!(matches!(end.unwrap(), Ok(0)), "{request}");
        }
    };
    tokio::join!(
        case(UPGRADE, 101, true),
        case(UPGRADE, 200, false),
        case(CONNECT, 200, true),
        case(CONNECT, 404, false),
        case("GET / HTTP/1.1\r\n", 200, false),
    );
}

#[tokio::test]
async fn an_answer_says_that_its_connection_ends_unless_that_goes_on_without_http() {
    let case = async |request: &str, status: u16, says: Option<&str>, head_start: Duration| {
        let (entered, mut entries) = mpsc::channel(1);
        let go = Arc::new(Notify::new());
        let wait = {
            let go = Arc::clone(&go);
            async move |request: Request| {
                entered.send(()).await.unwrap();
                go.notified().await;
                as_wanted(request).await
            }
        };
        let world = World::new();
        let config = world.config().build().unwrap();
        let server = Adapter::Serve
            .start(config, Router::new().fallback(wait))
            .await;
        let scene = Scene { world, server };
        let mut stream = scene.connect().await;
        let request = format!("{request}Host: localhost\r\nWanted: {status}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        timeout(PATIENCE, entries.recv()).await.unwrap().unwrap();
        // Other settings: the connection ends when what runs on it is answered.
        let rule = Rule::not(Rule::common_name("nobody"));
        let next = scene.world.config().rule(rule).build().unwrap();
        scene.server.handle.replace(next).await;
        tokio::time::sleep(head_start).await;
        go.notify_one();
        let head = head(&mut stream).await;
        let said = head
            .lines()
            .find_map(|line| line.strip_prefix("connection: "));
        assert_eq!(said, says, "{request}: {head}");
    };
    // Whether the server has seen that the connection ends when the answer comes, or sees it with the answer.
    for head_start in [Duration::ZERO, Duration::from_millis(50)] {
        tokio::join!(
            case(UPGRADE, 200, Some("close"), head_start),
            case(UPGRADE, 101, Some("upgrade"), head_start),
            case(CONNECT, 200, None, head_start),
            case(CONNECT, 404, Some("close"), head_start),
        );
    }
}

#[tokio::test]
async fn a_connection_ends_with_an_answer_that_had_begun_before() {
    let go = Arc::new(Notify::new());
    let begun = {
        let go = Arc::clone(&go);
        async move || {
            let parts = stream::unfold(0, move |part| {
                let go = Arc::clone(&go);
                async move {
                    if part == 1 {
                        go.notified().await;
                    }
                    let octet = Ok::<_, Infallible>(Bytes::from_static(b"a"));
                    (part < 2).then_some((octet, part + 1))
                }
            });
            Body::from_stream(parts)
        }
    };
    let world = World::new();
    let config = world.config().build().unwrap();
    let server = Adapter::Serve
        .start(config, Router::new().route("/", get(begun)))
        .await;
    let scene = Scene { world, server };
    let mut stream = scene.connect().await;
    let request = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let head = head(&mut stream).await;
    assert!(!head.contains("connection: "), "{head}");
    let rule = Rule::not(Rule::common_name("nobody"));
    let next = scene.world.config().rule(rule).build().unwrap();
    scene.server.handle.replace(next).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    go.notify_one();
    let mut body = String::new();
    let ended = timeout(PATIENCE, stream.read_to_string(&mut body)).await;
    assert!(ended.is_ok(), "the connection stays after {body:?}");
    assert_eq!(body, "1\r\na\r\n1\r\na\r\n0\r\n\r\n");
}
