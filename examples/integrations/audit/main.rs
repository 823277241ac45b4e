//! An API that leaves a trail: who came, what was decided, by which rule, and why.
//!
//! ```sh
//! cargo run -p integrations --example audit -- --cert server.crt --key server.key --client-ca ca.crt --crl ca.crl --rule rule.toml
//! ```
//!
//! Each connection and each decision is a line of JSON on standard output, or in `--trail FILE`.
//! `rule.toml` says who may read `/orders`: `common_name = "client1"`, for one. Beside the API, on a
//! listener that nobody outside of the machine reaches, there are `/metrics` for Prometheus, and
//! `/livez` and `/readyz`.

mod trail;

use std::{net::SocketAddr, path::PathBuf, process::ExitCode, time::Duration};

use anyhow::Context;
use axum::{Router, middleware::from_fn, routing::get};
use clap::Parser;
use examples::{log_to_stderr, outcome, reload_on_hangup, stop_wanted};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
use mtls_server::{
    AUDIT_TARGET, ClientCert, MtlsFiles, RequireClientCert, VirtualHostFiles, files, health, listen,
};
use tokio::net::TcpListener;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::{Layer as _, layer::SubscriberExt as _, util::SubscriberInitExt as _};

/// Serves `/orders` to those whom a rule lets pass, and writes down who asked.
#[derive(Parser)]
#[command(
    after_help = "Example: audit --cert lab/same-ca/server.crt --key lab/same-ca/server.key \
                        --client-ca lab/same-ca/ca.crt --crl lab/same-ca/ca.crl --rule rule.toml \
                        --trail audit.jsonl"
)]
struct Options {
    /// The server's certificate chain, leaf first (PEM, or one certificate in DER)
    #[arg(long, value_name = "FILE")]
    cert: PathBuf,
    /// The private key of that certificate, not encrypted
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The roots that clients' certificates must lead to (PEM with any number, or DER)
    #[arg(long, value_name = "FILE")]
    client_ca: PathBuf,
    /// CRLs (PEM with any number, or DER); may be given again
    #[arg(long, value_name = "FILE")]
    crl: Vec<PathBuf>,
    /// Who may read the orders: a rule in TOML, read once
    #[arg(long, value_name = "FILE")]
    rule: PathBuf,
    /// Append the trail to this file, not to standard output
    #[arg(long, value_name = "FILE")]
    trail: Option<PathBuf>,
    /// Where to listen for clients
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
    /// Where to listen for whoever watches the server: plain HTTP
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9090")]
    operations: SocketAddr,
}

#[tokio::main]
async fn main() -> ExitCode {
    outcome(run(Options::parse()).await)
}

async fn run(options: Options) -> anyhow::Result<ExitCode> {
    tracing_subscriber::registry()
        // Audit events have their own place.
        .with(
            log_to_stderr().with_filter(
                Targets::new()
                    .with_default(LevelFilter::TRACE)
                    .with_target(AUDIT_TARGET, LevelFilter::OFF),
            ),
        )
        .with(trail::layer(options.trail.as_deref())?)
        .init();
    // Before the server is made: its first figures are those of its settings.
    let figures = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full(HANDSHAKES.to_owned()), BUCKETS)?
        .install_recorder()?;

    let mut site = VirtualHostFiles::new(options.cert, options.key, options.client_ca);
    for file in options.crl {
        site = site.crl(file);
    }
    let config = MtlsFiles::new(site).load().await?;
    let readers = files::rule(&options.rule)?;
    let api = Router::new()
        .route("/orders", get(orders))
        .layer(RequireClientCert::new(readers))
        .layer(from_fn(trail::span));
    let server = mtls_server::serve(bind(options.listen, "--listen")?, api, config)?;
    let _watch = server.handle().watch(Duration::from_secs(30));
    reload_on_hangup(server.handle())?;

    let operations = bind(options.operations, "--operations")?;
    eprintln!(
        "listening on https://{}, and for operations on http://{}",
        server.local_addr(),
        operations.local_addr()?
    );
    let render = async move || figures.render();
    let routes = health(server.handle()).route("/metrics", get(render));
    tokio::select! {
        stopped = stop_wanted() => stopped?,
        ended = axum::serve(operations, routes).into_future() => ended?,
    }
    server.graceful_shutdown(Duration::from_secs(10)).await?;
    Ok(ExitCode::SUCCESS)
}

fn bind(address: SocketAddr, flag: &str) -> anyhow::Result<TcpListener> {
    listen::bind(address).with_context(|| {
        let (ip, port) = (address.ip(), address.port());
        format!("cannot listen on port {port} of {ip}: choose another with {flag}")
    })
}

async fn orders(client: ClientCert) -> String {
    format!("orders of {}\n", client.subject())
}

const HANDSHAKES: &str = "mtls_server_handshake_seconds";

/// From a resumed handshake on an idle machine to the ten seconds that one may take.
const BUCKETS: &[f64] = &[0.001, 0.002, 0.005, 0.01, 0.05, 0.25, 1.0, 10.0];
