//! A request is sent again where that is safe, and never after a refusal.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use mtls_client::{Connector, Error, SafeRetry};
use tokio::net::{TcpListener, TcpSocket};
use tokio_rustls::TlsAcceptor;
use tower::retry::RetryLayer;
use tower::{Layer, Service, ServiceExt};

use crate::support::*;

/// Hangs up on requests, without a byte of an answer.
struct Moody {
    address: SocketAddr,
    requests: Arc<AtomicU32>,
}

/// Which requests a [`Moody`] server hangs up on.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Mood {
    /// So many, and then none.
    First(u32),
    /// The second one only.
    Second,
}

impl Mood {
    fn hangs_up(self, request: u32) -> bool {
        match self {
            Self::First(bad) => request <= bad,
            Self::Second => request == 2,
        }
    }
}

impl Moody {
    async fn start(ca: &Ca, clients: Clients<'_>, mood: Mood) -> Self {
        let config = server_config(&ca.server("localhost"), &clients, &[b"h2", b"http/1.1"]);
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&requests);
        tokio::spawn(async move {
            loop {
                let (tcp, _) = listener.accept().await.unwrap();
                let (acceptor, requests) = (acceptor.clone(), Arc::clone(&counted));
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(tcp).await else {
                        return;
                    };
                    let (leave, left) = tokio::sync::watch::channel(false);
                    let service = service_fn(|_: hyper::Request<Incoming>| {
                        let hangs_up = mood.hangs_up(requests.fetch_add(1, Ordering::SeqCst) + 1);
                        leave.send_replace(hangs_up);
                        async move {
                            if hangs_up {
                                std::future::pending::<()>().await;
                            }
                            let hello = Full::new(Bytes::from("hello"));
                            Ok::<_, Infallible>(hyper::Response::new(hello))
                        }
                    });
                    let builder = auto::Builder::new(TokioExecutor::new());
                    let mut left = left;
                    tokio::select! {
                        _ = builder.serve_connection(TokioIo::new(stream), service) => {}
                        // The connection is dropped as it is.
                        _ = left.wait_for(|leave| *leave) => {}
                    }
                });
            }
        });
        Self { address, requests }
    }

    fn requests(&self) -> u32 {
        self.requests.load(Ordering::SeqCst)
    }
}

/// A client that retries.
enum Retrying {
    Hyper(Box<Client<Connector, Full<Bytes>>>, SafeRetry),
    Reqwest(reqwest::Client),
}

impl Retrying {
    fn new(via: Via, connector: &Connector) -> Self {
        match via {
            Via::Hyper => Self::Hyper(
                Box::new(Client::builder(TokioExecutor::new()).build(connector.clone())),
                SafeRetry::default(),
            ),
            Via::Reqwest => {
                let policy = SafeRetry::reqwest("localhost");
                Self::Reqwest(connector.reqwest().retry(policy).build().unwrap())
            }
        }
    }

    /// The kind of the error, if there is one.
    async fn send(&self, method: &str, url: &str) -> Option<String> {
        let body = if method == "GET" { "" } else { "something" };
        let error = match self {
            Self::Hyper(client, policy) => {
                let mut client = RetryLayer::new(policy.clone()).layer((**client).clone());
                let request = http::Request::builder()
                    .method(method)
                    .uri(url)
                    .body(Full::new(Bytes::from(body)))
                    .unwrap();
                let sent = client.ready().await.unwrap().call(request).await;
                sent.err().map(|error| Error::classify(&error))
            }
            Self::Reqwest(client) => {
                let request = client.request(method.parse().unwrap(), url).body(body);
                request.send().await.err().map(Error::from_reqwest)
            }
        };
        error.map(|error| error.kind().as_str().to_owned())
    }
}

const CASES: [(Via, &[&[u8]]); 4] = [
    (Via::Hyper, HTTP1),
    (Via::Hyper, HTTP2),
    (Via::Reqwest, HTTP1),
    (Via::Reqwest, HTTP2),
];

#[tokio::test]
async fn what_may_be_sent_twice_is_sent_again_twice_at_most() {
    let ca = Ca::root("root");
    for (via, alpn) in CASES {
        for (method, mood, error, requests) in [
            ("GET", Mood::First(0), None, 1),
            ("GET", Mood::First(1), None, 2),
            ("PUT", Mood::First(2), None, 3),
            ("GET", Mood::First(9), Some("protocol"), 3),
            ("POST", Mood::First(1), Some("protocol"), 1),
        ] {
            let server = Moody::start(&ca, Clients::NotAsked, mood).await;
            let connector = connector(&ca, identity_of(&ca.client("client1")))
                .alpn(alpn)
                .build()
                .unwrap();
            let client = Retrying::new(via, &connector);
            let got = client.send(method, &url(server.address)).await;
            let case = format!("{via:?} {alpn:?} {method} {mood:?}");
            assert_eq!(got.as_deref(), error, "{case}");
            assert_eq!(server.requests(), requests, "{case}");
        }
    }
}

#[tokio::test]
async fn a_server_that_hangs_up_right_after_our_certificate_is_not_asked_again() {
    let ca = Ca::root("root");
    for (alpn, mood, error, requests) in [
        (HTTP1, Mood::First(1), Some("identity-rejected"), 1),
        // Once it has said anything, its hanging up is no verdict; in HTTP/2 it begins with its settings.
        (HTTP1, Mood::Second, None, 3),
        (HTTP2, Mood::First(1), None, 2),
    ] {
        let clients = Clients::Required(&ca, Vec::new());
        let server = Moody::start(&ca, clients, mood).await;
        let connector = connector(&ca, identity_of(&ca.client("client1")))
            .alpn(alpn)
            .build()
            .unwrap();
        let client = Retrying::new(Via::Hyper, &connector);
        let url = url(server.address);
        let mut got = client.send("GET", &url).await;
        if mood == Mood::Second {
            assert_eq!(got, None);
            got = client.send("GET", &url).await;
        }
        assert_eq!(got.as_deref(), error, "{alpn:?} {mood:?}");
        assert_eq!(server.requests(), requests, "{alpn:?} {mood:?}");
    }
}

#[tokio::test]
async fn a_refusal_is_final_and_a_refused_connection_is_not() {
    let (ca, other) = (Ca::root("root"), Ca::root("other"));
    let server = serve(&ca.server("localhost"), Clients::Required(&ca, Vec::new())).await;
    // Bound and not listening: whoever connects is refused, and nobody else gets the port.
    let bound = TcpSocket::new_v4().unwrap();
    bound.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let nobody = bound.local_addr().unwrap();
    for (identity, roots, address, error, calls) in [
        (&ca, &ca, server, None, 1),
        (&other, &ca, server, Some("identity-rejected"), 1),
        (&ca, &other, server, Some("untrusted-server"), 1),
        (&ca, &ca, nobody, Some("connect"), 3),
    ] {
        for versions in VERSIONS {
            let connector = connector(roots, identity_of(&identity.client("client1")))
                .tls_versions(versions)
                .build()
                .unwrap();
            let client: Client<_, Full<Bytes>> =
                Client::builder(TokioExecutor::new()).build(connector);
            let counted = Arc::new(AtomicU32::new(0));
            let counting = tower::service_fn({
                let counted = Arc::clone(&counted);
                move |request| {
                    counted.fetch_add(1, Ordering::SeqCst);
                    client.request(request)
                }
            });
            let retrying = RetryLayer::new(SafeRetry::default()).layer(counting);
            let request = http::Request::get(url(address))
                .body(Full::new(Bytes::new()))
                .unwrap();
            let got = retrying.oneshot(request).await;
            let kind = got.err().map(|error| Error::classify(&error));
            let kind = kind.as_ref().map(|error| error.kind().as_str());
            assert_eq!(kind, error, "{versions:?}");
            assert_eq!(counted.load(Ordering::SeqCst), calls, "{error:?}");
        }
    }
}

/// What an HTTP/2 server says to the first request that it gets; the others get an answer.
#[derive(Clone, Copy, Debug)]
enum First {
    /// That stream is over.
    Reset(h2::Reason),
    /// The connection is, too.
    GoAway,
}

async fn serve_h2(ca: &Ca, first: First) -> SocketAddr {
    let config = server_config(&ca.server("localhost"), &Clients::NotAsked, HTTP2);
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let seen = Arc::new(AtomicU32::new(0));
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            let (acceptor, seen) = (acceptor.clone(), Arc::clone(&seen));
            tokio::spawn(async move {
                let stream = acceptor.accept(tcp).await.unwrap();
                let mut connection = h2::server::handshake(stream).await.unwrap();
                while let Some(Ok((_, mut respond))) = connection.accept().await {
                    if seen.fetch_add(1, Ordering::SeqCst) > 0 {
                        let answer = respond.send_response(http::Response::new(()), true);
                        answer.unwrap();
                        continue;
                    }
                    match first {
                        First::Reset(reason) => respond.send_reset(reason),
                        First::GoAway => connection.abrupt_shutdown(h2::Reason::NO_ERROR),
                    }
                }
            });
        }
    });
    address
}

#[tokio::test]
async fn what_an_http2_server_gives_back_is_sent_again() {
    use h2::Reason;
    let ca = Ca::root("root");
    for via in BOTH {
        for (first, method, error) in [
            (First::Reset(Reason::REFUSED_STREAM), "GET", None),
            (
                First::Reset(Reason::REFUSED_STREAM),
                "POST",
                Some("protocol"),
            ),
            (First::Reset(Reason::CANCEL), "GET", Some("protocol")),
            (
                First::Reset(Reason::INTERNAL_ERROR),
                "GET",
                Some("protocol"),
            ),
            (First::GoAway, "GET", None),
            (First::GoAway, "POST", Some("protocol")),
        ] {
            let address = serve_h2(&ca, first).await;
            let connector = connector(&ca, identity_of(&ca.client("client1")))
                .alpn(HTTP2)
                .build()
                .unwrap();
            let client = Retrying::new(via, &connector);
            let got = client.send(method, &url(address)).await;
            assert_eq!(got.as_deref(), error, "{via:?} {first:?} {method}");
        }
    }
}
