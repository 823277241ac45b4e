//! Requests by hyper-util's client: pooled, retried where that is safe, on connections that do not grow old.
//!
//! ```sh
//! cargo run --example hyper
//! cargo run --example hyper -- https://localhost:8443/whoami --ca ca.crt --cert client.crt --key client.key
//! ```

use std::convert::Infallible;
use std::process::ExitCode;
use std::time::Duration;

use axum::{Router, routing::get};
use bytes::Bytes;
use clap::Parser;
use examples::{Peer, finish, print};
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use mtls_client::{Connector, Error, Resumption, SafeRetry};
use mtls_server::ClientCert;
use tower::retry::RetryLayer;
use tower::{Layer, ServiceExt};

/// Sends one request over HTTP/2, or HTTP/1.1 where the server has no other, and then the same again.
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
    for answer in fetch_twice(options.peer).await? {
        print(&answer)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The version, the status and the body of each answer.
pub(crate) async fn fetch_twice(peer: Peer) -> anyhow::Result<[String; 2]> {
    let (url, builder) = peer.find(Router::new().route("/", get(hello)), "/").await?;
    let connector = builder
        .max_connection_age(Duration::from_secs(3600))
        .resumption(Resumption::Revalidate {
            ttl: Duration::from_secs(3600),
        })
        .build()?;
    // Made again when `connector.set_identity(..)` presents another certificate, and once an hour.
    let client = connector.rotating(|connector: &Connector| {
        Ok::<_, Infallible>(Client::builder(TokioExecutor::new()).build(connector.clone()))
    })?;
    let retry = RetryLayer::new(SafeRetry::default());
    let mut answers = [String::new(), String::new()];
    for answer in &mut answers {
        let request = Request::get(&url).body(Full::new(Bytes::new()))?;
        let response = retry.layer(client.get()).oneshot(request).await;
        let response = response.map_err(|error| Error::classify(&error))?;
        let (head, body) = response.into_parts();
        let body = body
            .collect()
            .await
            .map_err(|error| Error::classify(&error))?;
        let body = String::from_utf8_lossy(&body.to_bytes()).into_owned();
        *answer = format!("{:?} {}\n{body}", head.version, head.status);
    }
    Ok(answers)
}

async fn hello(client: ClientCert) -> String {
    format!("Hello {}\n", client.common_name().unwrap_or("nobody"))
}
