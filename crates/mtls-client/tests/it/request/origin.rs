//! The certificate, the body and the headers of a request are for the server that was asked, and for no other.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::LOCATION;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use mtls_client::{Connector, Error};
use reqwest::redirect::Policy;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::support::*;

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A server that requires certificates of `ca`, and redirects `/STATUS/URL` to that URL.
struct Redirecting {
    address: SocketAddr,
    /// Connections whose client has presented a certificate.
    clients: Arc<AtomicUsize>,
}

impl Redirecting {
    async fn start(ca: &Ca, name: &str) -> Self {
        let config = server_config(&ca.server(name), &Clients::Required(ca, Vec::new()), HTTP2);
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind((LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let clients = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&clients);
        tokio::spawn(async move {
            loop {
                let (tcp, _) = listener.accept().await.unwrap();
                tokio::spawn(answer(acceptor.clone(), tcp, Arc::clone(&count)));
            }
        });
        Self { address, clients }
    }

    fn port(&self) -> u16 {
        self.address.port()
    }

    fn seen(&self) -> usize {
        self.clients.load(Ordering::SeqCst)
    }
}

async fn answer(acceptor: TlsAcceptor, tcp: TcpStream, clients: Arc<AtomicUsize>) {
    let Ok(stream) = acceptor.accept(tcp).await else {
        return;
    };
    if stream.get_ref().1.peer_certificates().is_some() {
        clients.fetch_add(1, Ordering::SeqCst);
    }
    let service = service_fn(|request: Request<Incoming>| async move {
        let path = request.uri().path().trim_start_matches('/');
        let response = match path.split_once('/') {
            Some((status, url)) => Response::builder()
                .status(status.parse::<u16>().unwrap())
                .header(LOCATION, url),
            None => Response::builder(),
        };
        let body = Full::new(Bytes::from(path.to_owned()));
        Ok::<_, Infallible>(response.body(body).unwrap())
    });
    let _ = auto::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

fn client_of(ca: &Ca) -> Connector {
    connector(ca, identity_of(&ca.client("client1")))
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_redirect_to_another_origin_is_an_error_and_the_other_server_hears_nothing() {
    let ca = Ca::root("root");
    let asked = Redirecting::start(&ca, "localhost").await;
    let other = Redirecting::start(&ca, "localhost").await;
    let client = client_of(&ca).reqwest().build().unwrap();
    for status in [301, 302, 303, 307, 308] {
        for next in [
            format!("https://localhost:{}/landed", other.port()),
            format!("https://127.0.0.1:{}/landed", asked.port()),
            format!("http://localhost:{}/landed", asked.port()),
        ] {
            let url = format!("https://localhost:{}/{status}/{next}", asked.port());
            let request = client.post(&url).header("x-secret", "1").body("secret");
            let error = Error::from_reqwest(request.send().await.unwrap_err());
            assert_eq!(error.kind().as_str(), "redirect", "{url}: {error:?}");
            let said = error.to_string();
            assert!(!said.contains("landed"), "the path is not told: {said}");
        }
    }
    assert_eq!((asked.seen(), other.seen()), (1, 0));
}

#[tokio::test]
async fn a_redirect_within_the_origin_is_followed() {
    let ca = Ca::root("root");
    let asked = Redirecting::start(&ca, "localhost").await;
    let port = asked.port();
    let client = client_of(&ca).reqwest().build().unwrap();
    for next in [
        "/landed".to_owned(),
        format!("https://LOCALHOST:{port}/landed"),
    ] {
        let url = format!("https://localhost:{port}/307/{next}");
        let response = client.post(&url).body("body").send().await.unwrap();
        assert_eq!(response.text().await.unwrap(), "landed", "{url}");
    }
    let endless = format!("https://localhost:{port}/307/again");
    let error = client.get(&endless).send().await.unwrap_err();
    let error = Error::from_reqwest(error);
    assert_eq!(error.kind().as_str(), "redirect", "{error:?}");
}

#[tokio::test]
async fn whoever_sets_a_policy_follows_it() {
    let ca = Ca::root("root");
    let asked = Redirecting::start(&ca, "localhost").await;
    let other = Redirecting::start(&ca, "localhost").await;
    let client = client_of(&ca).reqwest().redirect(Policy::limited(1));
    let next = format!("https://localhost:{}/landed", other.port());
    let url = format!("https://localhost:{}/307/{next}", asked.port());
    let response = client.build().unwrap().get(url).send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "landed");
    assert_eq!(other.seen(), 1);
}

#[tokio::test]
async fn an_address_is_for_its_host_and_port_alone() {
    let ca = Ca::root("root");
    let first = Redirecting::start(&ca, "api.test").await;
    let second = Redirecting::start(&ca, "api.test").await;
    let nowhere = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 77));
    let connector = connector(&ca, identity_of(&ca.client("client1")))
        .resolve("api.test", first.port(), LOCALHOST)
        .resolve("api.test", 1, nowhere)
        .build()
        .unwrap();
    for via in BOTH {
        for (url, kind) in [
            (format!("https://api.test:{}/", first.port()), None),
            (format!("https://API.test:{}/", first.port()), None),
            (
                format!("https://api.test:{}/", second.port()),
                Some("connect"),
            ),
            ("https://api.test:1/".to_owned(), Some("connect")),
            ("https://api.test/".to_owned(), Some("connect")),
        ] {
            let got = request(via, &connector, &url, Bytes::new()).await;
            let got = got.err().map(|error| error.kind().clone());
            let got = got.as_ref().map(|kind| kind.as_str());
            assert_eq!(got, kind, "{via:?} {url}");
        }
    }
    assert_eq!(second.seen(), 0);
}

/// The environment is the whole process's, so the requests are made in one of their own.
#[tokio::test]
async fn a_proxy_of_the_environment_is_not_asked() {
    let ca = Ca::root("root");
    let server = Redirecting::start(&ca, "localhost").await;
    let proxy = TcpListener::bind((LOCALHOST, 0)).await.unwrap();
    let proxy_url = format!("http://{}", proxy.local_addr().unwrap());
    let directory = tempfile::tempdir().unwrap();
    ca.write_to(&directory, "ca");
    ca.client("client1").write_to(&directory, "client");
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args([
            "--exact",
            "request::origin::requests_past_the_proxy",
            "--ignored",
        ])
        .env("TEST_FILES", directory.path())
        .env("TEST_PORT", server.port().to_string())
        .env("HTTPS_PROXY", &proxy_url)
        .env("ALL_PROXY", &proxy_url)
        .env_remove("NO_PROXY")
        .env_remove("no_proxy");
    let done = tokio::task::spawn_blocking(move || child.output().unwrap());
    let asked = async {
        loop {
            drop(proxy.accept().await.unwrap());
        }
    };
    tokio::select! {
        done = done => {
            let done = done.unwrap();
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
        }
        () = asked => {}
    }
    assert_eq!(server.seen(), 3);
}

#[tokio::test]
#[ignore = "part of a_proxy_of_the_environment_is_not_asked"]
async fn requests_past_the_proxy() {
    let Some(directory) = std::env::var_os("TEST_FILES") else {
        return;
    };
    let file = |name| std::path::Path::new(&directory).join(name);
    let port: u16 = std::env::var("TEST_PORT").unwrap().parse().unwrap();
    let proxy = std::env::var("HTTPS_PROXY").unwrap();
    let roots = std::fs::read(file("ca.crt")).unwrap();
    let roots = mtls_client::TrustAnchors::from_pem(&roots).unwrap();
    let identity = mtls_client::ClientIdentity::from_files(file("client.crt"), file("client.key"));
    let plain = Connector::builder(roots, identity.unwrap());
    let connector = plain.resolve("localhost", port, LOCALHOST).build().unwrap();
    let url = format!("https://localhost:{port}/");
    for via in BOTH {
        request(via, &connector, &url, Bytes::new()).await.unwrap();
    }
    let rotating = connector
        .rotating(|connector| connector.reqwest().build())
        .unwrap();
    rotating.get().get(&url).send().await.unwrap();
    // Whoever asks for the proxy gets it, and it answers nothing.
    let proxied = connector
        .reqwest()
        .proxy(reqwest::Proxy::all(proxy).unwrap());
    let error = proxied.build().unwrap().get(&url).send().await.unwrap_err();
    assert!(error.is_connect(), "{error:?}");
}
