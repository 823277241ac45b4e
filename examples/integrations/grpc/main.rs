//! gRPC by tonic, both ways: a service that knows its client, and a channel that presents a certificate. tonic's own TLS
//! stays out of it.
//!
//! ```sh
//! cargo run -p integrations --example grpc
//! cargo run -p integrations --example grpc -- https://localhost:8443 --ca ca.crt --cert client.crt --key client.key
//! ```

use std::error::Error as _;
use std::process::ExitCode;

use clap::Parser;
use examples::{Peer, finish, print};
use mtls_client::Error;
use mtls_server::ConnectionIdentity;
use tonic::service::Routes;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Endpoint;
use tonic::{Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

/// Asks a server for its health (`grpc.health.v1.Health`).
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
    let status = health(options.peer).await?;
    print(&format!("{}\n", status.as_str_name()))?;
    Ok(ExitCode::SUCCESS)
}

/// The server: before each call, and as a handler would find it, who is asking.
#[allow(clippy::result_large_err, reason = "tonic's type of an interceptor")]
fn admit(request: Request<()>) -> Result<Request<()>, Status> {
    let connection = request.extensions().get::<ConnectionIdentity>();
    match connection.and_then(ConnectionIdentity::client) {
        Some(client) if client.common_name() == Some("client1") => Ok(request),
        Some(client) => Err(Status::permission_denied(client.subject().to_string())),
        None => Err(Status::unauthenticated("no certificate")),
    }
}

/// What the server says about itself as a whole.
pub(crate) async fn health(peer: Peer) -> anyhow::Result<ServingStatus> {
    // A gRPC service is one more route of the server, so rules and layers hold for it, too.
    let (_, service) = tonic_health::server::health_reporter();
    let router = Routes::new(InterceptedService::new(service, admit)).into_axum_router();
    let (url, builder) = peer.find(router, "").await?;
    let connector = builder.alpn(&[b"h2"]).build()?;
    let channel = Endpoint::from(url)
        .connect_with_connector(connector)
        .await
        .map_err(|error| Error::classify(&error))?;
    let answer = HealthClient::new(channel)
        .check(HealthCheckRequest::default())
        .await;
    match answer {
        Ok(answer) => Ok(answer.into_inner().status()),
        // There was no answer: in TLS 1.3 a server refuses our certificate only now.
        Err(status) if status.source().is_some() => Err(Error::classify(&status).into()),
        Err(status) => Err(status.into()),
    }
}
