//! An API that only holders of a certificate reach: how to embed the extractor.
//!
//! ```sh
//! cargo run --example hello -- --cert server.crt --key server.key --client-ca ca.crt
//! curl --cacert ca.crt --cert client.crt --key client.key https://127.0.0.1:8443/whoami
//! ```
//!
//! It takes files that change by itself, or at once on SIGHUP; while one of them is bad it goes on with
//! what it has.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode, time::Duration};

use anyhow::Context;
use axum::{Json, Router, routing::get};
use clap::Parser;
use examples::{LOG_HELP, finish, print, reload_on_hangup, stop_wanted};
use mtls_server::crl::CrlSource;
use mtls_server::plain_http::HttpUrlError;
use mtls_server::{ClientAuth, ClientCert, MtlsFiles, TlsInfo, VirtualHostFiles, listen};
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;

/// Serves `/` and `/whoami` over mutual TLS.
#[derive(Parser)]
#[command(
    after_help = format!("Example: hello --cert lab/same-ca/server.crt --key lab/same-ca/server.key \
                        --client-ca lab/same-ca/ca.crt --crl lab/same-ca/ca.crl\n\n{LOG_HELP}")
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
    /// CRLs (PEM with any number, or DER), or an http:// URL of them; may be given again
    #[arg(long, value_name = "FILE|URL", value_parser = crl_source)]
    crl: Vec<CrlSource>,
    /// Where to listen, unless a service manager hands over a socket
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
    /// Let clients without a certificate connect, too
    #[arg(long)]
    optional: bool,
    /// How often to look whether the files have changed
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..))]
    watch: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    finish(run(Options::parse())).await
}

async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let mut site = VirtualHostFiles::new(options.cert, options.key, options.client_ca);
    for source in options.crl {
        site = site.crl(source);
    }
    if options.optional {
        site = site.client_auth(ClientAuth::Optional);
    }
    let config = MtlsFiles::new(site).load().await?;
    let listener = match listen::from_environment()? {
        Some(handed_over) => {
            eprintln!("serving the socket that was handed over (LISTEN_FDS), not --listen");
            handed_over
        }
        None => listen::bind(options.listen).with_context(|| {
            let (ip, port) = (options.listen.ip(), options.listen.port());
            format!("cannot listen on port {port} of {ip}: choose another with --listen")
        })?,
    };
    let router = Router::new()
        .route("/", get(hello))
        .route("/whoami", get(whoami));
    let server = mtls_server::serve(listener, router, config)?;
    // A reload that fails has its line in the log.
    let _watch = server.handle().watch(Duration::from_secs(options.watch));
    reload_on_hangup(server.handle())?;
    print(&format!("listening on https://{}\n", server.local_addr()))?;
    stop_wanted().await?;
    server.graceful_shutdown(Duration::from_secs(10)).await?;
    Ok(ExitCode::SUCCESS)
}

fn crl_source(text: &str) -> Result<CrlSource, HttpUrlError> {
    match text.contains("://") {
        true => CrlSource::url(text),
        false => Ok(CrlSource::file(text)),
    }
}

async fn hello(client: Option<ClientCert>) -> String {
    let name = client.as_ref().and_then(ClientCert::common_name);
    format!("Hello {}\n", name.unwrap_or("anonymous"))
}

async fn whoami(client: ClientCert, tls: TlsInfo) -> Json<Value> {
    let sans = client.sans().iter();
    let sans = sans.map(|name| json!({"kind": name.kind(), "value": name.to_string()}));
    Json(json!({
        "subject": client.subject().to_string(),
        "issuer": client.issuer().to_string(),
        "common_name": client.common_name(),
        "serial": client.serial().to_string(),
        "not_after": client.not_after().format(&Rfc3339).ok(),
        "sans": sans.collect::<Vec<_>>(),
        "fingerprint_sha256": hex(client.fingerprint_sha256()),
        "spki_sha256": hex(client.spki_sha256()),
        "eku": client.eku_names(),
        "tls": tls,
    }))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
