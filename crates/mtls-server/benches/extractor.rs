//! What a handler pays for its extractor: `cargo bench -p mtls-server`.
//!
//! Each request goes through the service of an accepted connection into an axum router, without a socket. Fails if a `ClientCert` costs a microsecond or more over a handler that takes nothing.

#![allow(clippy::unwrap_used, reason = "a bench has no one to report to")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::{
    net::{Ipv4Addr, SocketAddr},
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode},
    routing::get,
};
use mtls_server::{ClientCert, ConnectionAcceptor, MtlsService, MtlsStream, TlsInfo};
use rustls::pki_types::ServerName;
use support::World;
use tokio::io::DuplexStream;
use tokio_rustls::TlsConnector;
use tower_service::Service;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let route = |handler| accept(Router::new().route("/", handler));
    let mut cases = [
        ("nothing", route(get(async || StatusCode::OK)).await),
        (
            "ClientCert",
            route(get(async |_: ClientCert| StatusCode::OK)).await,
        ),
        (
            "Option<ClientCert>",
            route(get(async |_: Option<ClientCert>| StatusCode::OK)).await,
        ),
        (
            "TlsInfo",
            route(get(async |_: TlsInfo| StatusCode::OK)).await,
        ),
    ];
    let mut best = [f64::INFINITY; 4];
    // In turn, so that a noisy moment meets all of them.
    for _ in 0..7 {
        for ((_, (_, service)), best) in cases.iter_mut().zip(&mut best) {
            *best = best.min(nanoseconds(service).await);
        }
    }
    let [nothing, client_cert, ..] = best;
    println!(
        "{:<20} {:>10} {:>10}",
        "ns a request", "in all", "extractor"
    );
    for ((name, ..), total) in cases.iter().zip(best) {
        println!("{name:<20} {total:>10.0} {:>10.0}", total - nothing);
    }
    let cost = client_cert - nothing;
    if cost < LIMIT {
        println!("a ClientCert costs {cost:.0} ns; less than {LIMIT} is the aim: reached");
        ExitCode::SUCCESS
    } else {
        println!("a ClientCert costs {cost:.0} ns; less than {LIMIT} is the aim: missed");
        ExitCode::FAILURE
    }
}

/// A connection over a pipe, and the service for its requests.
async fn accept(router: Router) -> (MtlsStream<DuplexStream>, MtlsService<Router>) {
    let world = World::new();
    let acceptor = ConnectionAcceptor::new(world.config().build().unwrap());
    let alice = world.ca.client("alice");
    let config = support::client::config(&world, Some(&alice), &rustls::version::TLS13);
    let (near, far) = tokio::io::duplex(64 << 10);
    let name = ServerName::try_from("localhost").unwrap();
    let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    let (client, server) = tokio::join!(
        TlsConnector::from(Arc::new(config)).connect(name, near),
        acceptor.accept(far, peer)
    );
    client.unwrap();
    server.unwrap().into_http(router)
}

/// How long a request takes.
async fn nanoseconds(service: &mut MtlsService<Router>) -> f64 {
    let start = Instant::now();
    let mut done = 0.0;
    while start.elapsed() < Duration::from_millis(200) {
        for _ in 0..BATCH {
            let response = service.call(Request::new(Body::empty())).await.unwrap();
            assert_eq!(response.status(), StatusCode::OK);
        }
        done += f64::from(BATCH);
    }
    start.elapsed().as_secs_f64() * 1e9 / done
}

/// Requests between two looks at the clock.
const BATCH: u32 = 500;

/// Nanoseconds of a request that a `ClientCert` may cost.
const LIMIT: f64 = 1000.0;
