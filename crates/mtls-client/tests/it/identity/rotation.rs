//! An identity is replaced under load: no request fails, and none presents the old certificate after it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use mtls_client::{Connector, Error, Identities, Pin, PinSet, Resumption};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;
use x509_identity::Certificate;

use crate::support::*;

/// Answers with the serial number of the certificate that the connection presents; `/slow` once told.
async fn serve_serials(ca: &Ca, go_on: Arc<Notify>) -> (SocketAddr, Arc<AtomicU64>) {
    let config = server_config(
        &ca.server("localhost"),
        &Clients::Required(ca, Vec::new()),
        &[b"h2", b"http/1.1"],
    );
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let open = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&open);
    tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            let (acceptor, open, go_on) =
                (acceptor.clone(), Arc::clone(&counted), Arc::clone(&go_on));
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(tcp).await else {
                    return;
                };
                open.fetch_add(1, Ordering::SeqCst);
                let presented = stream.get_ref().1.peer_certificates().unwrap()[0].clone();
                let presented = Certificate::from_der(&presented).unwrap();
                let serial = u64::from_str_radix(&presented.serial().to_string(), 16).unwrap();
                let service = service_fn(|request: hyper::Request<Incoming>| {
                    let go_on = Arc::clone(&go_on);
                    async move {
                        if request.uri().path() == "/slow" {
                            go_on.notified().await;
                        }
                        let text = Bytes::from(serial.to_string());
                        Ok::<_, Infallible>(hyper::Response::new(Full::new(text)))
                    }
                });
                let _ = auto::Builder::new(TokioExecutor::new())
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
                open.fetch_sub(1, Ordering::SeqCst);
            });
        }
    });
    (address, open)
}

/// The serial number that the server has seen.
async fn seen_serial(pump: &Pump, url: &str) -> Result<u64, Error> {
    Ok(pump.get(url).await?.parse().unwrap())
}

const CASES: [(Via, &[&[u8]]); 4] = [
    (Via::Hyper, HTTP1),
    (Via::Hyper, HTTP2),
    (Via::Reqwest, HTTP1),
    (Via::Reqwest, HTTP2),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_fails_in_a_loop_of_rotations_and_none_shows_what_was_replaced_before_it() {
    // Of four clients, two over each version of HTTP: 200 rotations of each.
    const ROTATIONS: u64 = 100;
    let ca = Ca::root("root");
    let identity = |serial| identity_of(&client_with_serial(&ca, serial));
    let (address, _) = serve_serials(&ca, Arc::new(Notify::new())).await;
    for (via, alpn) in CASES {
        // The server keeps sessions, and a resumed one would present the certificate that it was made with.
        let connector = connector(&ca, identity(1))
            .alpn(alpn)
            .resumption(Resumption::Revalidate {
                ttl: Duration::from_secs(3600),
            })
            .build()
            .unwrap();
        let pump = Pump::new(via, &connector);
        let current = Arc::new(AtomicU64::new(1));
        let over = Arc::new(AtomicBool::new(false));
        let pumps: Vec<_> = (0..8)
            .map(|_| {
                let (pump, url) = (pump.clone(), url(address));
                let (current, over) = (Arc::clone(&current), Arc::clone(&over));
                tokio::spawn(async move {
                    let mut requests = 0_u64;
                    while !over.load(Ordering::SeqCst) {
                        let at_least = current.load(Ordering::SeqCst);
                        let presented = seen_serial(&pump, &url).await.unwrap();
                        assert!(
                            presented >= at_least,
                            "{presented} is older than {at_least}"
                        );
                        requests += 1;
                    }
                    requests
                })
            })
            .collect();
        for serial in 2..=ROTATIONS {
            connector.set_identity(identity(serial));
            current.store(serial, Ordering::SeqCst);
            assert_eq!(
                seen_serial(&pump, &url(address)).await.unwrap(),
                serial,
                "{via:?}"
            );
        }
        over.store(true, Ordering::SeqCst);
        for task in pumps {
            assert!(task.await.unwrap() > 0, "{via:?}");
        }
    }
}

#[tokio::test]
async fn a_request_in_flight_finishes_on_its_connection_and_idle_ones_end() {
    let ca = Ca::root("root");
    for (via, alpn) in CASES {
        let go_on = Arc::new(Notify::new());
        let (address, open) = serve_serials(&ca, Arc::clone(&go_on)).await;
        let connector = connector(&ca, identity_of(&client_with_serial(&ca, 1)))
            .alpn(alpn)
            .build()
            .unwrap();
        let pump = Pump::new(via, &connector);
        let slow = tokio::spawn({
            let (pump, url) = (pump.clone(), format!("{}slow", url(address)));
            async move { seen_serial(&pump, &url).await }
        });
        until(&open, 1).await;
        assert_eq!(seen_serial(&pump, &url(address)).await.unwrap(), 1);
        connector.set_identity(identity_of(&client_with_serial(&ca, 2)));
        assert_eq!(seen_serial(&pump, &url(address)).await.unwrap(), 2);
        go_on.notify_one();
        assert_eq!(slow.await.unwrap().unwrap(), 1, "{via:?}");
        // All but the one of the second identity.
        until(&open, 1).await;
        // With no request in flight, the end of the idle ones waits for nothing.
        connector.set_identity(identity_of(&client_with_serial(&ca, 3)));
        until(&open, 0).await;
    }
}

#[tokio::test]
async fn a_client_that_does_not_rotate_shows_the_new_certificate_on_new_connections() {
    let ca = Ca::root("root");
    let (address, _) = serve_serials(&ca, Arc::new(Notify::new())).await;
    let connector = connector(&ca, identity_of(&client_with_serial(&ca, 1)))
        .build()
        .unwrap();
    let (early, late) = (
        connector.reqwest().build().unwrap(),
        connector.reqwest().build().unwrap(),
    );
    let serial = async |client: &reqwest::Client| {
        let response = client.get(url(address)).send().await.unwrap();
        response.text().await.unwrap()
    };
    assert_eq!(serial(&early).await, "1");
    connector.set_identity(identity_of(&client_with_serial(&ca, 2)));
    assert_eq!(serial(&early).await, "1", "its pooled connection stays");
    assert_eq!(serial(&late).await, "2", "though it was built before");
}

#[tokio::test]
async fn replaced_pins_hold_for_the_next_request_of_a_rotating_client() {
    let ca = Ca::root("root");
    let (address, _) = serve_serials(&ca, Arc::new(Notify::new())).await;
    let pins = |ca: &Ca| PinSet::new([Pin::of(&Certificate::from_der(ca.der()).unwrap())]).unwrap();
    for (via, alpn) in CASES {
        let connector = connector(&ca, identity_of(&client_with_serial(&ca, 1)))
            .alpn(alpn)
            .pins(pins(&ca))
            .build()
            .unwrap();
        let pump = Pump::new(via, &connector);
        assert_eq!(seen_serial(&pump, &url(address)).await.unwrap(), 1);
        connector.set_pins(pins(&Ca::root("another root")));
        let error = seen_serial(&pump, &url(address)).await.unwrap_err();
        assert_eq!(error.kind().as_str(), "pin-mismatch", "{via:?}: {error:?}");
        connector.set_pins(pins(&ca));
        assert_eq!(seen_serial(&pump, &url(address)).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn the_first_identity_that_fits_a_servers_hints_is_presented() {
    let (one, two) = (Ca::root("one"), Ca::root("two"));
    let issuing = two.issuing("issuing");
    let below = identity_of(&client_with_serial(&issuing, 3));
    let (at_one, _) = serve_serials(&one, Arc::new(Notify::new())).await;
    let (at_two, _) = serve_serials(&two, Arc::new(Notify::new())).await;
    let identities = Identities::new(identity_of(&client_with_serial(&one, 1)))
        .or(below)
        .or(identity_of(&client_with_serial(&two, 4)));
    let both_roots = mtls_client::TrustAnchors::from_certs([one.der(), two.der()]).unwrap();
    let connector = Connector::builder(both_roots, identities).build().unwrap();
    for via in BOTH {
        for (address, expected) in [(at_one, "1"), (at_two, "3")] {
            let presented = request(via, &connector, &url(address), Bytes::new()).await;
            assert_eq!(presented.unwrap(), expected, "{via:?}");
        }
    }
    // Where none fits, the first is presented and refused.
    let stranger = Ca::root("three");
    let (at_three, _) = serve_serials(&stranger, Arc::new(Notify::new())).await;
    let both = Identities::new(identity_of(&client_with_serial(&one, 1)))
        .or(identity_of(&client_with_serial(&two, 4)));
    let connector = Connector::builder(anchors(&stranger), both)
        .build()
        .unwrap();
    let error = request(Via::Hyper, &connector, &url(at_three), Bytes::new())
        .await
        .unwrap_err();
    assert_eq!(error.kind().as_str(), "identity-rejected", "{error:?}");
}

/// Waits until the server has `count` connections.
async fn until(open: &AtomicU64, count: u64) {
    let reached = async {
        while open.load(Ordering::SeqCst) != count {
            tokio::task::yield_now().await;
        }
    };
    let reached = tokio::time::timeout(Duration::from_secs(10), reached).await;
    assert!(reached.is_ok(), "{} open", open.load(Ordering::SeqCst));
}
