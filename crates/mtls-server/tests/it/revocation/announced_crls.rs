//! A server that holds a request until there is another CRL is followed at once, and no further than any other.

use std::{
    fs,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use mtls_server::crl::{CrlSource, CrlSources};
use mtls_server::{MtlsFiles, Serving, VirtualHostFiles};
use time::OffsetDateTime;
use tokio::{
    net::TcpListener,
    sync::watch,
    time::{sleep, timeout},
};

use crate::support::{
    World,
    client::{self, VERSIONS},
    connection::{Connection, Http, PATIENCE},
    origin::{Origin, Reply, Request},
};

const REVOKED: u64 = 0x5150;
/// Longer than any test: what is found was announced.
const NEVER: Duration = Duration::from_secs(24 * 3600);

/// The number and content of a CRL that is served, and held until it changes.
type Published = watch::Sender<(u64, String)>;

async fn publish(first: String) -> (Published, String) {
    let (sender, published) = watch::channel((1, first));
    let router = Router::new()
        .route("/ca.crl", get(respond))
        .with_state(published);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/ca.crl", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (sender, url)
}

async fn respond(
    State(mut published): State<watch::Receiver<(u64, String)>>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let etag = |number: u64| format!("\"{number}\"");
    let field = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let known = field("if-none-match");
    if field("prefer") == Some("wait=30") {
        assert_eq!(method, Method::HEAD);
        let changed = published.wait_for(|(number, _)| known != Some(&etag(*number)));
        changed.await.unwrap();
    }
    let (number, crl) = published.borrow().clone();
    let tag = [(header::ETAG, etag(number))];
    match known == Some(&etag(number)) {
        true => (StatusCode::NOT_MODIFIED, tag).into_response(),
        false => (tag, crl).into_response(),
    }
}

/// Its files, which it keeps until it is dropped.
async fn serve(world: &World, url: &str) -> (Serving, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str, content: String| {
        let path = directory.path().join(name);
        fs::write(&path, content).unwrap();
        path
    };
    let files = VirtualHostFiles::new(
        path("server.crt", world.server.chain_pem()),
        path("server.key", world.server.key_pem()),
        path("ca.crt", world.ca.pem()),
    );
    let files = files.crl(CrlSource::url(url).unwrap());
    let config = MtlsFiles::new(files).load().await.unwrap();
    let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = mtls_server::serve(tcp, crate::support::router(), config).unwrap();
    (server, directory)
}

#[tokio::test]
async fn an_announced_revocation_refuses_and_cuts_what_is_open() {
    let world = World::new();
    let alice = world.ca.client("alice").serial(REVOKED);
    let (published, url) = publish(world.ca.crl().pem()).await;
    let (server, _directory) = serve(&world, &url).await;
    let handle = server.handle();
    let mut status = handle.subscribe();
    let _watch = handle.watch(NEVER);
    let config = |leaf| client::config(&world, Some(leaf), VERSIONS[1]);
    let connect = Connection::open(Http::Two, server.local_addr(), config(&alice));
    let mut open = connect.await.unwrap();
    assert!(open.get("/").await.is_ok());

    for number in [2, 3] {
        let crl = world.ca.crl().number(number).revoke(REVOKED).pem();
        published.send((number, crl)).unwrap();
        let seen = status.wait_for(|status| status.generation == number);
        timeout(PATIENCE, seen).await.unwrap().unwrap();
    }
    assert!(!open.get("/").await.is_ok_and(|(status, _)| status == 200));
    let ask = |leaf| client::get(server.local_addr(), config(leaf), "/");
    assert!(ask(&alice).await.is_err());
    assert!(ask(&world.ca.client("bob")).await.is_ok());
}

#[tokio::test]
async fn a_server_that_holds_no_request_is_asked_once() {
    let world = World::new();
    for (case, status) in [
        ("same", "304 Not Modified"),
        ("takes no notice of the version", "200 OK"),
        ("no", "405 Method Not Allowed"),
    ] {
        let crl = world.ca.crl().pem();
        let origin = Origin::start(move |request| match request.head.starts_with("HEAD") {
            true => Reply::with(status, &[("ETag", "\"1\"")], ""),
            false => Reply::with("200 OK", &[("ETag", "\"1\"")], &crl),
        })
        .await;
        let sources = CrlSources::new([CrlSource::url(&origin.url("/ca.crl")).unwrap()]);
        sources.load(OffsetDateTime::now_utc()).await.unwrap();
        for _ in 0..2 {
            let changed = timeout(Duration::from_millis(200), sources.changed()).await;
            assert!(changed.is_err(), "{case}");
        }
        let heads = origin.requests();
        let heads: Vec<_> = heads
            .iter()
            .filter(|r| r.head.starts_with("HEAD"))
            .collect();
        assert_eq!(heads.len(), 1, "{case}");
        assert_eq!(heads[0].field("prefer"), Some("wait=30"));
        assert_eq!(heads[0].field("if-none-match"), Some("\"1\""));
    }
}

#[tokio::test]
async fn files_and_urls_without_a_version_announce_nothing() {
    let world = World::new();
    let crl = world.ca.crl().pem();
    let origin = Origin::start(move |_| Reply::ok(&crl)).await;
    let url = CrlSource::url(&origin.url("/ca.crl")).unwrap();
    let sources = CrlSources::new([url]);
    sources.load(OffsetDateTime::now_utc()).await.unwrap();
    let changed = timeout(Duration::from_millis(100), sources.changed()).await;
    assert!(changed.is_err());
    assert_eq!(origin.requests().len(), 1);
}

#[tokio::test]
async fn one_request_is_held_however_often_nothing_new_is_loaded() {
    let world = World::new();
    let crl = world.ca.crl().pem();
    let is_held = |request: &Request| request.head.starts_with("HEAD");
    let origin = Origin::start(move |request| match is_held(request) {
        true => Reply::raw("").hanging(),
        false => Reply::with("200 OK", &[("ETag", "\"1\"")], &crl),
    })
    .await;
    let (server, _directory) = serve(&world, &origin.url("/ca.crl")).await;
    let _watch = server.handle().watch(Duration::from_millis(20));
    let counts = || {
        let requests = origin.requests();
        let held = requests.iter().filter(|request| is_held(request)).count();
        (held, requests.len() - held)
    };
    let loaded = async {
        while counts().0 == 0 || counts().1 < 5 {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, loaded).await.unwrap();
    assert_eq!(counts().0, 1);
}

#[tokio::test]
async fn a_server_that_announces_what_is_not_there_is_asked_less_and_less() {
    let world = World::new();
    let (newest, older) = (
        world.ca.crl().number(9).revoke(REVOKED),
        world.ca.crl().number(8),
    );
    let (newest, older) = (newest.pem(), older.pem());
    let origin = Origin::start(move |request| match request.field("if-none-match") {
        None => Reply::with("200 OK", &[("ETag", "\"9\"")], &newest),
        Some(_) => Reply::with("200 OK", &[("ETag", "\"8\"")], &older),
    })
    .await;
    let (server, _directory) = serve(&world, &origin.url("/ca.crl")).await;
    let handle = server.handle();
    let mut status = handle.subscribe();
    let _watch = handle.watch(NEVER);
    let degraded = status.wait_for(|status| status.degraded.is_some());
    timeout(PATIENCE, degraded).await.unwrap().unwrap();
    sleep(Duration::from_millis(700)).await;
    // 100, 200, 400 ms and so on between two of them.
    assert!(origin.requests().len() < 12, "{}", origin.requests().len());
    assert_eq!(handle.generation(), 1);
    let alice = world.ca.client("alice").serial(REVOKED);
    let config = client::config(&world, Some(&alice), VERSIONS[1]);
    assert!(client::get(server.local_addr(), config, "/").await.is_err());
}

#[tokio::test]
async fn a_server_that_waits_not_at_all_is_asked_again_in_a_second_and_one_that_fails_later_each_time()
 {
    let world = World::new();
    let seconds = Duration::from_secs;
    for (case, status, pauses) in [
        ("says that it has waited", "304 Not Modified", [1, 1]),
        ("fails", "500 Internal Server Error", [1, 2]),
    ] {
        let crl = world.ca.crl().pem();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        let origin = Origin::start(move |request| {
            if !request.head.starts_with("HEAD") {
                return Reply::with("200 OK", &[("ETag", "\"1\"")], &crl);
            }
            let mut asked = log.lock().unwrap();
            asked.push(Instant::now());
            match asked.len() {
                1 | 2 => Reply::with(status, &[("Preference-Applied", "wait")], ""),
                _ => Reply::with("200 OK", &[("ETag", "\"2\"")], ""),
            }
        })
        .await;
        let sources = CrlSources::new([CrlSource::url(&origin.url("/ca.crl")).unwrap()]);
        sources.load(OffsetDateTime::now_utc()).await.unwrap();
        timeout(PATIENCE, sources.changed()).await.unwrap();
        let asked = asked.lock().unwrap();
        assert_eq!(asked.len(), 3, "{case}");
        for (pair, pause) in asked.windows(2).zip(pauses) {
            // The server knows of the first request a moment after it was sent.
            let apart = pair[1] - pair[0] + Duration::from_millis(100);
            assert!(apart >= seconds(pause), "{case}: {apart:?}");
        }
    }
}
