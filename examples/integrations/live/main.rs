//! axum with tower layers, server-sent events and a WebSocket: each of them knows the client.
//!
//! ```sh
//! cargo run -p integrations --example live
//! cargo run -p integrations --example live -- https://localhost:8443 --ca ca.crt --cert client.crt --key client.key
//! ```

use std::convert::Infallible;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::routing::{any, get};
use clap::Parser;
use examples::{Peer, finish, print};
use futures_util::stream::{self, Stream};
use http_body_util::BodyExt as _;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use integrations::socket;
use mtls_client::Error;
use mtls_server::{ClientCert, RequireClientCert, Rule};
use tower::ServiceBuilder;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;
use tracing::{Span, info_span};

/// Reads events, and says a word over a WebSocket.
#[derive(Parser)]
struct Options {
    #[command(flatten)]
    peer: Peer,
}

#[tokio::main]
async fn main() -> ExitCode {
    finish(run(Options::parse())).await
}

async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let (events, answer) = follow(options.peer).await?;
    print(&format!("{events}{answer}\n"))?;
    Ok(ExitCode::SUCCESS)
}

/// The server: whoever the rule takes reads events and talks, and each request has a span with its client.
fn app(readers: Rule) -> Router {
    let layers = ServiceBuilder::new()
        .layer(TraceLayer::new_for_http().make_span_with(span))
        // For the head of an answer: events and sockets go on for as long as they like.
        .layer(TimeoutLayer::with_status_code(
            StatusCode::GATEWAY_TIMEOUT,
            Duration::from_secs(10),
        ))
        .layer(RequireClientCert::new(readers));
    Router::new()
        .route("/events", get(events))
        .route("/ws", any(socket::upgrade))
        .layer(layers)
}

/// Outside of handlers the client is found in the extensions of a request.
fn span(request: &Request) -> Span {
    let client = ClientCert::from_extensions(request.extensions());
    let client = client.ok().map(|client| client.subject().to_string());
    info_span!("request", method = %request.method(), path = request.uri().path(), client)
}

async fn events(client: ClientCert) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let name = client.common_name().unwrap_or("nobody").to_owned();
    let told = (1..=3).map(move |n| Ok(Event::default().data(format!("{n} for {name}"))));
    Sse::new(stream::iter(told)).keep_alive(KeepAlive::default())
}

/// The client: the events, and the answer to a word.
pub(crate) async fn follow(peer: Peer) -> anyhow::Result<(String, String)> {
    // The client of the lab, where the server is our own.
    let readers = Rule::common_name("client1").named("readers");
    let (url, builder) = peer.find(app(readers), "").await?;
    let connector = builder.alpn(&[b"http/1.1"]).build()?;
    let authority = url.authority().context("the URL has no host")?;

    let client = Client::builder(TokioExecutor::new()).build::<_, Body>(connector.clone());
    let events = client
        .get(format!("https://{authority}/events").parse()?)
        .await
        .map_err(|error| Error::classify(&error))?;
    let events = events.into_body().collect().await?.to_bytes();

    let stream = connector.connect(&url).await?;
    let answer = socket::ask(stream, &format!("wss://{authority}/ws"), "hello").await?;
    let events = String::from_utf8_lossy(&events).into_owned();
    Ok((events, answer))
}
