//! Failures that are no failures of the connection: an answer with a status, JSON of another form, a bad URL.

use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use mtls_client::{Connector, Error, ErrorKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::support::*;

/// Gives each connection this answer, and ends.
async fn serve_answer(ca: &Ca, answer: &'static str) -> String {
    let config = server_config(
        &ca.server("localhost"),
        &Clients::Required(ca, Vec::new()),
        HTTP1,
    );
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = url(listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            let mut stream = acceptor.accept(tcp).await.unwrap();
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    url
}

fn client_of(ca: &Ca) -> Connector {
    connector(ca, identity_of(&ca.client("client1")))
        .build()
        .unwrap()
}

async fn number(connector: &Connector, url: &str) -> Result<u64, reqwest::Error> {
    let client = connector.reqwest().build()?;
    let response = client.get(url).send().await?;
    response.error_for_status()?.json().await
}

#[tokio::test]
async fn what_the_answer_is_has_a_kind_of_its_own() {
    let ca = Ca::root("root");
    for (answer, kind) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n17", None),
        (
            "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
            Some(ErrorKind::Status(StatusCode::NOT_FOUND)),
        ),
        (
            "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n",
            Some(ErrorKind::Status(StatusCode::SERVICE_UNAVAILABLE)),
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nnone",
            Some(ErrorKind::Body),
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            Some(ErrorKind::Body),
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n17",
            Some(ErrorKind::Protocol),
        ),
        ("SSH-2.0-OpenSSH_9.2\r\n", Some(ErrorKind::Protocol)),
    ] {
        let url = serve_answer(&ca, answer).await;
        let got = number(&client_of(&ca), &url).await;
        let got = got.map_err(Error::from_reqwest);
        let found = got.as_ref().err().map(|error| error.kind().clone());
        assert_eq!(found, kind, "{answer}: {got:?}");
    }
}

#[tokio::test]
async fn a_request_that_cannot_be_made_has_a_kind_of_its_own() {
    let ca = Ca::root("root");
    let connector = client_of(&ca);
    for url in ["/orders", "localhost", "http://localhost:1/", "https://"] {
        let error = number(&connector, url).await.unwrap_err();
        let error = Error::from_reqwest(error);
        assert_eq!(*error.kind(), ErrorKind::InvalidRequest, "{url}: {error:?}");
    }
    for url in [
        "/orders",
        "http://localhost:1/",
        "https://a..b:1/",
        // 443 is the port of another server.
        "https://localhost:99999/",
        "https://u:p@[::1]:70000/",
    ] {
        let client = Client::builder(TokioExecutor::new()).build(connector.clone());
        let request = hyper::Request::get(url)
            .body(Full::new(Bytes::new()))
            .unwrap();
        let error = client.request(request).await.unwrap_err();
        let error = Error::classify(&error);
        assert_eq!(*error.kind(), ErrorKind::InvalidRequest, "{url}: {error:?}");
    }
    let error = "https://a b/".parse::<http::Uri>().unwrap_err();
    assert_eq!(*Error::classify(&error).kind(), ErrorKind::InvalidRequest);
    for header in ["a\nb"] {
        let client = connector.reqwest().build().unwrap();
        let error = client
            .get("https://localhost/")
            .header("x", header)
            .send()
            .await;
        let error = Error::from_reqwest(error.unwrap_err());
        assert_eq!(*error.kind(), ErrorKind::InvalidRequest, "{error:?}");
    }
}
