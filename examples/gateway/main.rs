//! A gateway: it asks an upstream for what its clients want, and tells it who they are.
//!
//! ```sh
//! cargo run --example gateway -- --cert server.crt --key server.key --client-ca ca.crt \
//!     --upstream https://localhost:9443 --upstream-ca ca.crt --own-cert edge.crt --own-key edge.key --form rfc9440
//! ```
//!
//! The upstream must believe nobody but the gateway, which comes to it with `edge.crt`. The example
//! `behind` is one.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use anyhow::Context;
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, Uri, Version, header, uri::PathAndQuery},
    response::{IntoResponse as _, Response},
};
use clap::Parser;
use examples::{LOG_HELP, finish, print, stop_wanted};
use hyper_util::{client::legacy, rt::TokioExecutor};
use mtls_client::{ClientIdentity, Connector, TrustAnchors};
use mtls_server::{
    ClientAuth, MtlsConfig, ServerIdentity, files,
    proxy::{ForwardIdentity, ForwardedFormat},
};

/// Forwards every request to one upstream.
#[derive(Parser)]
#[command(
    after_help = format!("Example: gateway --cert lab/same-ca/server.crt --key lab/same-ca/server.key \
                        --client-ca lab/same-ca/ca.crt --upstream https://localhost:9443 \
                        --upstream-ca lab/same-ca/ca.crt --own-cert edge.crt --own-key edge.key \
                        --form envoy-xfcc\n\n{LOG_HELP}")
)]
struct Options {
    /// The gateway's certificate chain, leaf first (PEM, or one certificate in DER)
    #[arg(long, value_name = "FILE")]
    cert: PathBuf,
    /// The private key of that certificate, not encrypted
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The roots that clients' certificates must lead to (PEM with any number, or DER)
    #[arg(long, value_name = "FILE")]
    client_ca: PathBuf,
    /// Let clients without a certificate connect, too
    #[arg(long)]
    optional: bool,
    /// Where requests go: https://HOST:PORT
    #[arg(long, value_name = "URL")]
    upstream: Uri,
    /// The roots that the upstream's certificate must lead to
    #[arg(long, value_name = "FILE")]
    upstream_ca: PathBuf,
    /// The certificate that the gateway shows to the upstream
    #[arg(long, value_name = "FILE")]
    own_cert: PathBuf,
    /// The private key of that certificate
    #[arg(long, value_name = "FILE")]
    own_key: PathBuf,
    /// How to tell: envoy-xfcc, haproxy-der, ingress-nginx, nginx-escaped-pem, rfc9440 or traefik
    #[arg(long, value_name = "NAME")]
    form: ForwardedFormat,
    /// Tell the issuers of the client's certificate, too
    #[arg(long)]
    chain: bool,
    /// Where to listen
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
}

#[tokio::main]
async fn main() -> ExitCode {
    finish(run(Options::parse())).await
}

async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let identity = ServerIdentity::from_files(&options.cert, &options.key)?;
    let mut config = MtlsConfig::builder(identity, files::client_roots(&options.client_ca)?);
    if options.optional {
        config = config.client_auth(ClientAuth::Optional);
    }
    let mut forward_identity = ForwardIdentity::new(options.form.clone());
    if options.chain {
        forward_identity = forward_identity.with_chain();
    }
    let router = Router::new()
        .fallback(forward)
        .with_state(Arc::new(Upstream::of(&options)?))
        .layer(forward_identity);
    let listener = tokio::net::TcpListener::bind(options.listen).await;
    let listener = listener.with_context(|| {
        let port = options.listen.port();
        format!("cannot listen on port {port}: choose another with --listen")
    })?;
    let server = mtls_server::serve(listener, router, config.build()?)?;
    print(&format!("listening on https://{}\n", server.local_addr()))?;
    stop_wanted().await?;
    server.graceful_shutdown(Duration::from_secs(10)).await?;
    Ok(ExitCode::SUCCESS)
}

struct Upstream {
    base: Uri,
    http: legacy::Client<Connector, Body>,
}

impl Upstream {
    fn of(options: &Options) -> anyhow::Result<Self> {
        let read = |file: &PathBuf| {
            std::fs::read(file).with_context(|| format!("reading {}", file.display()))
        };
        let identity =
            ClientIdentity::from_pem(&read(&options.own_cert)?, &read(&options.own_key)?)?;
        let roots = TrustAnchors::from_pem(&read(&options.upstream_ca)?)?;
        let connector = Connector::builder(roots, identity).alpn(&[b"http/1.1"]);
        Ok(Self {
            base: options.upstream.clone(),
            http: legacy::Client::builder(TokioExecutor::new()).build(connector.build()?),
        })
    }

    fn uri(&self, path: Option<&PathAndQuery>) -> Result<Uri, http::Error> {
        let mut uri = Uri::builder().path_and_query(path.map_or("/", PathAndQuery::as_str));
        if let Some(scheme) = self.base.scheme() {
            uri = uri.scheme(scheme.clone());
        }
        if let Some(authority) = self.base.authority() {
            uri = uri.authority(authority.clone());
        }
        uri.build()
    }
}

async fn forward(State(upstream): State<Arc<Upstream>>, mut request: Request) -> Response {
    let Ok(uri) = upstream.uri(request.uri().path_and_query()) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    *request.uri_mut() = uri;
    *request.version_mut() = Version::HTTP_11;
    of_the_connection(request.headers_mut());
    request.headers_mut().remove(header::HOST);
    match upstream.http.request(request).await {
        Ok(mut answer) => {
            of_the_connection(answer.headers_mut());
            answer.map(Body::new)
        }
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "the upstream does not answer");
            StatusCode::BAD_GATEWAY.into_response()
        }
    }
}

/// Removes what is said to the next hop alone (RFC 9110 7.6.1).
fn of_the_connection(headers: &mut HeaderMap) {
    let listed: Vec<String> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|option| option.trim().to_owned())
        .collect();
    let known = [
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "transfer-encoding",
        "upgrade",
    ];
    for name in listed.iter().map(String::as_str).chain(known) {
        headers.remove(name);
    }
}
