//! A connection that is too old gets no more requests, and those in flight finish.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

use crate::support::*;

/// Answers with the number of the connection; `/slow` says that it is there, and waits to be told.
async fn serve_numbers(ca: &Ca, there: Arc<Notify>, go_on: Arc<Notify>) -> SocketAddr {
    let config = server_config(
        &ca.server("localhost"),
        &Clients::Required(ca, Vec::new()),
        &[b"h2", b"http/1.1"],
    );
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for number in 1.. {
            let (tcp, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            let (there, go_on) = (Arc::clone(&there), Arc::clone(&go_on));
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(tcp).await else {
                    return;
                };
                let service = service_fn(|request: hyper::Request<Incoming>| {
                    let (there, go_on) = (Arc::clone(&there), Arc::clone(&go_on));
                    async move {
                        if request.uri().path() == "/slow" {
                            there.notify_one();
                            go_on.notified().await;
                        }
                        let text = Bytes::from(format!("{number}"));
                        Ok::<_, Infallible>(hyper::Response::new(Full::new(text)))
                    }
                });
                let _ = auto::Builder::new(TokioExecutor::new())
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
    address
}

#[tokio::test]
async fn an_old_connection_gets_no_more_requests_and_finishes_those_in_flight() {
    let ca = Ca::root("root");
    for via in BOTH {
        for alpn in [HTTP1, HTTP2] {
            for (age, numbers) in [
                (None, ["1", "1", "1", "1"]),
                (Some(Duration::from_secs(3600)), ["1", "1", "1", "1"]),
                // Each is too old at once.
                (Some(Duration::ZERO), ["1", "2", "3", "4"]),
            ] {
                let (there, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
                let address = serve_numbers(&ca, Arc::clone(&there), Arc::clone(&go_on)).await;
                let mut builder = connector(&ca, identity_of(&ca.client("client1"))).alpn(alpn);
                if let Some(age) = age {
                    builder = builder.max_connection_age(age);
                }
                let pump = Pump::new(via, &builder.build().unwrap());
                let url = url(address);
                let case = format!("{via:?} {alpn:?} {age:?}");
                for number in &numbers[..2] {
                    assert_eq!(pump.get(&url).await.unwrap(), *number, "{case}");
                }
                let slow = tokio::spawn({
                    let (pump, url) = (pump.clone(), format!("{url}slow"));
                    async move { pump.get(&url).await.unwrap() }
                });
                there.notified().await;
                // HTTP/1.1 has one request on a connection at a time, so there it has to wait.
                let early = match alpn == HTTP2 {
                    true => Some(pump.get(&url).await.unwrap()),
                    false => None,
                };
                go_on.notify_one();
                assert_eq!(slow.await.unwrap(), numbers[2], "in flight: {case}");
                let last = match early {
                    Some(early) => early,
                    None => pump.get(&url).await.unwrap(),
                };
                assert_eq!(last, numbers[3], "{case}");
            }
        }
    }
}
