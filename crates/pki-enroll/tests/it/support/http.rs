use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use futures_util::stream;
use http_body_util::BodyExt as _;
use hyper_util::rt::TokioIo;
use pki_enroll::{HttpLimits, HttpServer};
use tokio::net::{TcpListener, TcpStream};

/// How long anything may take that is expected to happen.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub async fn serve(router: Router, limits: HttpLimits) -> HttpServer {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    HttpServer::start(listener, router, limits).unwrap()
}

pub struct Response {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Response {
    pub fn field(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

/// One request on a connection of its own.
pub async fn send(
    address: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Response {
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    let mut request = Request::builder()
        .method(method)
        .uri(target)
        .header("host", address.to_string());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(body.into()).unwrap();
    let response = sender.send_request(request).await.unwrap();
    let (head, body) = response.into_parts();
    Response {
        status: head.status,
        headers: head.headers,
        body: body.collect().await.unwrap().to_bytes(),
    }
}

pub async fn get(address: SocketAddr, target: &str, headers: &[(&str, &str)]) -> Response {
    send(address, "GET", target, headers, Body::empty()).await
}

/// A body that arrives once `work` is done, which begins when somebody reads it.
pub fn after(
    work: impl Future<Output = ()> + Send + 'static,
    bytes: impl Into<Bytes> + Send + 'static,
) -> Body {
    let once = async move {
        work.await;
        Ok::<Bytes, Infallible>(bytes.into())
    };
    Body::from_stream(stream::once(once))
}
