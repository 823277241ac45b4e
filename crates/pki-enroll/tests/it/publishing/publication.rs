//! What is published is sent once, and announced to whoever waits.

use std::time::Duration;

use axum::body::Body;
use pki_enroll::{Document, HttpLimits, HttpServer, Publication, publication};
use time::OffsetDateTime;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::http::{PATIENCE, get, send, serve};

const PATH: &str = "/crl/issuing-0.crl";

fn publish(publication: &Publication, content: &'static str) {
    let document = Document::new("application/pkix-crl", content, OffsetDateTime::now_utc());
    publication.publish([(PATH.to_owned(), document)]);
}

async fn start(limits: HttpLimits) -> (Publication, HttpServer) {
    let published = Publication::new();
    publish(&published, "one");
    let server = serve(publication(published.clone()), limits).await;
    (published, server)
}

#[tokio::test]
async fn a_document_is_sent_to_whoever_does_not_have_it() {
    let (published, server) = start(HttpLimits::default()).await;
    let address = server.local_addr();
    let first = get(address, PATH, &[]).await;
    assert_eq!((first.status.as_u16(), &first.body[..]), (200, &b"one"[..]));
    assert_eq!(first.field("content-type"), "application/pkix-crl");
    assert!(first.field("cache-control").contains("max-age=60"));
    let etag = first.field("etag");
    let known = [("if-none-match", etag)];

    let again = get(address, PATH, &known).await;
    assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
    let head = send(address, "HEAD", PATH, &[], Body::empty()).await;
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
    assert_eq!(head.field("etag"), etag);

    publish(&published, "two");
    assert_eq!(&get(address, PATH, &known).await.body[..], b"two");
    for (method, path, status) in [
        ("GET", "/crl/other.crl", 404),
        ("GET", "/crl/issuing-0.crl/x", 404),
        ("GET", "/crl/../crl/issuing-0.crl", 404),
        ("GET", "/", 404),
        ("POST", PATH, 405),
    ] {
        let refused = send(address, method, path, &[], Body::empty()).await;
        assert_eq!(refused.status.as_u16(), status, "{method} {path}");
    }
}

#[tokio::test]
async fn a_request_waits_for_another_version_if_it_prefers_to() {
    let (published, server) = start(HttpLimits::default()).await;
    let address = server.local_addr();
    let etag = get(address, PATH, &[]).await.field("etag").to_owned();
    let wait = async |seconds: &str, etag: &str| {
        let preferred = format!("wait={seconds}");
        let headers = [("if-none-match", etag), ("prefer", &preferred)];
        let response = send(address, "HEAD", PATH, &headers, Body::empty());
        let response = timeout(PATIENCE, response).await.unwrap();
        assert_eq!(response.field("preference-applied"), "wait");
        response.status.as_u16()
    };
    // It is over, or another version is there already.
    assert_eq!(wait("0", &etag).await, 304);
    assert_eq!(wait("60", "\"other\"").await, 200);
    let change = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        publish(&published, "two");
    };
    let (status, ()) = tokio::join!(wait("60", &etag), change);
    assert_eq!(status, 200);
}

#[tokio::test]
async fn a_server_that_stops_answers_what_waits() {
    let (published, server) = start(HttpLimits::default()).await;
    let address = server.local_addr();
    let etag = get(address, PATH, &[]).await.field("etag").to_owned();
    let waiting = tokio::spawn(async move {
        let headers = [("if-none-match", etag.as_str()), ("prefer", "wait=60")];
        get(address, PATH, &headers).await.status.as_u16()
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    published.close();
    timeout(PATIENCE, server.stop(PATIENCE)).await.unwrap();
    assert_eq!(waiting.await.unwrap(), 304);
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn slow_and_endless_connections_end() {
    let mut limits = HttpLimits::default();
    limits.header = Duration::from_millis(200);
    let (_published, server) = start(limits).await;
    let address = server.local_addr();
    let mut slow = TcpStream::connect(address).await.unwrap();
    slow.write_all(b"GET /crl/issuing-0.crl HTTP/1.1\r\nHost:")
        .await
        .unwrap();
    let mut rest = Vec::new();
    timeout(PATIENCE, slow.read_to_end(&mut rest))
        .await
        .unwrap()
        .unwrap();
    assert!(!String::from_utf8_lossy(&rest).contains(" 200 "));

    let mut long = TcpStream::connect(address).await.unwrap();
    long.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX: ")
        .await
        .unwrap();
    let _ = long.write_all(&vec![b'a'; 64 << 10]).await;
    let mut said = Vec::new();
    let _ = timeout(PATIENCE, long.read_to_end(&mut said))
        .await
        .unwrap();
    assert!(!String::from_utf8_lossy(&said).contains(" 404 "));
}

#[tokio::test]
async fn nobody_keeps_others_out_by_many_slow_connections() {
    const LIMIT: usize = 8;
    let mut limits = HttpLimits::default();
    limits.connections = LIMIT;
    let (_published, server) = start(limits).await;
    let address = server.local_addr();

    // A connection of somebody else, which stays.
    let other = tokio::net::TcpSocket::new_v4().unwrap();
    other.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let mut other = other.connect(address).await.unwrap();

    // A body that does not come holds its connection as well as a header does.
    let mut slow = Vec::new();
    for _ in 0..3 * LIMIT {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let begun = b"POST /ocsp HTTP/1.1\r\nHost: x\r\nContent-Length: 80\r\n\r\n0";
        // The ones before may be closed by now.
        let _ = stream.write_all(begun).await;
        slow.push(stream);
    }
    let mut said = [0; 12];
    other
        .write_all(b"GET /crl/issuing-0.crl HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    timeout(PATIENCE, other.read_exact(&mut said))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(&said, b"HTTP/1.1 200");
    // A new one is served, too, and the oldest are gone.
    let new = timeout(PATIENCE, get(address, PATH, &[])).await.unwrap();
    assert_eq!(new.status.as_u16(), 200);
    let mut rest = Vec::new();
    let _ = timeout(PATIENCE, slow[0].read_to_end(&mut rest))
        .await
        .expect("it was closed");
}
