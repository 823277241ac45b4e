//! A server behind a proxy: it says for whom the proxy asks, and takes nobody else's word for it.
//!
//! ```sh
//! cargo run --example behind -- --cert server.crt --key server.key --proxy-ca ca.crt --proxy edge --form rfc9440
//! ```
//!
//! The proxy comes with a certificate of `ca.crt` for the common name `edge`, and forwards what its
//! clients show as `Client-Cert`. Whoever else asks gets 403, with whatever headers.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode, time::Duration};

use anyhow::Context;
use axum::{Router, routing::get};
use clap::Parser;
use examples::{LOG_HELP, finish, print, stop_wanted};
use mtls_server::{
    MtlsConfig, Rule, ServerIdentity, files,
    proxy::{ForwardedClientCert, ForwardedFormat, TrustForwarded},
    verify::{ChainVerifier, Purpose},
};

/// Serves `/` to the clients of one proxy.
#[derive(Parser)]
#[command(
    after_help = format!("Example: behind --cert lab/same-ca/server.crt --key lab/same-ca/server.key \
                        --proxy-ca lab/same-ca/ca.crt --proxy edge --form nginx-escaped-pem\n\n{LOG_HELP}")
)]
struct Options {
    /// The server's certificate chain, leaf first (PEM, or one certificate in DER)
    #[arg(long, value_name = "FILE")]
    cert: PathBuf,
    /// The private key of that certificate, not encrypted
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The roots that the proxy's certificate must lead to (PEM with any number, or DER)
    #[arg(long, value_name = "FILE")]
    proxy_ca: PathBuf,
    /// The common name of the proxy's certificate
    #[arg(long, value_name = "NAME")]
    proxy: String,
    /// How the proxy tells: envoy-xfcc, haproxy-der, ingress-nginx, nginx-escaped-pem, rfc9440 or traefik
    #[arg(long, value_name = "NAME")]
    form: ForwardedFormat,
    /// Verify the clients' certificates again: the roots that they must lead to
    #[arg(long, value_name = "FILE")]
    client_ca: Option<PathBuf>,
    /// Where to listen
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
}

#[tokio::main]
async fn main() -> ExitCode {
    finish(run(Options::parse())).await
}

async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let mut trust = TrustForwarded::new(Rule::common_name(options.proxy), options.form);
    if let Some(roots) = options.client_ca {
        let roots = files::client_roots(roots)?;
        trust = trust.verify(ChainVerifier::builder(roots, Purpose::TlsClient).build());
    }
    let identity = ServerIdentity::from_files(&options.cert, &options.key)?;
    let config = MtlsConfig::builder(identity, files::client_roots(&options.proxy_ca)?)
        .trust_forwarded(trust)
        .build()?;
    let listener = tokio::net::TcpListener::bind(options.listen).await;
    let listener = listener.with_context(|| {
        let port = options.listen.port();
        format!("cannot listen on port {port}: choose another with --listen")
    })?;
    let router = Router::new().route("/", get(hello));
    let server = mtls_server::serve(listener, router, config)?;
    print(&format!("listening on https://{}\n", server.local_addr()))?;
    stop_wanted().await?;
    server.graceful_shutdown(Duration::from_secs(10)).await?;
    Ok(ExitCode::SUCCESS)
}

async fn hello(client: ForwardedClientCert) -> String {
    let proxy = client.via().subject();
    format!("Hello {}, by way of {proxy}\n", client.subject())
}
