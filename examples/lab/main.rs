//! The project's story in one program: make a private PKI, serve an API that requires client certificates,
//! connect with every certificate of the lab, and print which are accepted, which are refused, and why.
//!
//! ```sh
//! cargo run --example lab              # then go on serving, until Ctrl-C
//! cargo run --example lab -- --check   # only the table: exits 0 if every row is as expected
//! ```

mod table;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use axum::{Router, routing::get};
use clap::{Parser, ValueEnum};
use examples::{outcome, print, start_log, stop_wanted};
use lab_matrix::Report;
use mtls_lab::{
    Ensured, Existing, KeyType, LabState, Manifest, Options, Unusable, device_names, ensure,
    inspect,
};
use mtls_server::{ClientCert, MtlsConfig, ServerIdentity, files, verify::Revocation};
use onboarding::{Site, Vault, network_address};
use time::OffsetDateTime;
use tokio::net::TcpListener;

/// Makes the lab if it is not there, tries every certificate of it, then serves it.
#[derive(Parser)]
#[command(
    after_help = "Example: lab --check --json\n         lab --dir lab --listen 127.0.0.1:9443"
)]
struct Arguments {
    /// Leave after the table: exit 0 only if every row is as expected
    #[arg(long)]
    check: bool,
    /// Print the table as JSON
    #[arg(long)]
    json: bool,
    /// The lab's directory
    #[arg(long, value_name = "DIR", default_value = "lab")]
    dir: PathBuf,
    /// Where the API listens [default: 127.0.0.1:8443, with --check a free port]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Where the page for phones listens, over plain HTTP [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    page: Option<SocketAddr>,
    /// The kind of keys of a lab that is made [default: that of the lab that is there, else ec]
    #[arg(long, value_enum)]
    key_type: Option<Keys>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Keys {
    Ec,
    MlDsa,
    Rsa,
}

#[tokio::main]
async fn main() -> ExitCode {
    outcome(run(Arguments::parse()).await)
}

async fn run(arguments: Arguments) -> Result<ExitCode> {
    // Taken ports are found before any work is done.
    let api = listen(arguments.listen, 8443, "--listen", arguments.check).await?;
    let options = options(&arguments);
    let page = if arguments.check || !options.key_type.suits_devices() {
        None
    } else {
        Some(listen(arguments.page, 8080, "--page", false).await?)
    };

    let now = OffsetDateTime::now_utc();
    if let LabState::Unusable(Unusable::OtherPassword) = inspect(&arguments.dir, &options, now)? {
        bail!(
            "the .p12 files of {} have a password of their own: choose another directory with --dir",
            arguments.dir.display()
        );
    }
    let ensured = ensure(&arguments.dir, &options, Existing::Keep, now)?;
    let server = mtls_server::serve(api, api_router(), api_config(&arguments.dir)?)?;
    // Clients that are refused here are rows of the table, and lines of the log only for those who ask for them.
    let is_log_wanted = std::env::var_os("RUST_LOG").is_some();
    if is_log_wanted {
        start_log();
    }
    let report = lab_matrix::run(&arguments.dir, &options.p12_password).await?;
    if !is_log_wanted {
        start_log();
    }

    if arguments.json {
        print(&(serde_json::to_string_pretty(&report)? + "\n"))?;
    } else {
        print(&format!(
            "{}\n\n{}\n",
            what_is_there(&ensured, &arguments.dir),
            table::of(&report)
        ))?;
    }
    let code = if report.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    };
    if arguments.check {
        server.graceful_shutdown(Duration::ZERO).await?;
        return Ok(code);
    }
    if !arguments.json {
        let page = page.as_ref().map(TcpListener::local_addr).transpose()?;
        print(&what_to_try(&arguments.dir, server.local_addr(), page))?;
    }
    match page {
        Some(page) => {
            serve_page(page, server.local_addr(), &arguments.dir, &report, &options).await?;
        }
        None => until_stopped().await,
    }
    server.graceful_shutdown(Duration::from_secs(10)).await?;
    Ok(ExitCode::SUCCESS)
}

/// The API: `GET /` greets by common name.
fn api_router() -> Router {
    Router::new().route("/", get(hello))
}

async fn hello(client: ClientCert) -> String {
    format!("Hello {}\n", client.common_name().unwrap_or("client"))
}

fn api_config(lab: &Path) -> Result<MtlsConfig> {
    let file = |name: &str| lab.join("same-ca").join(name);
    let identity = ServerIdentity::from_files(file("server.crt"), file("server.key"))?;
    let crls = files::crls([file("ca.crl")])?;
    let config = MtlsConfig::builder(identity, files::client_roots(file("ca.crt"))?);
    Ok(config.revocation(Revocation::new(crls)).build()?)
}

/// Serves the page for phones until Ctrl-C.
async fn serve_page(
    listener: TcpListener,
    api: SocketAddr,
    lab: &Path,
    report: &Report,
    options: &Options,
) -> Result<()> {
    // What is left of the links of a lab that was killed is encrypted, and its tokens are gone.
    let links = tempfile::tempdir().context("making a directory for links")?;
    let vault = Vault::open(links.path())?;
    let page = listener.local_addr()?;
    let network = if page.ip().is_unspecified() {
        network_address()
    } else {
        Some(page.ip()).filter(|ip| !ip.is_loopback())
    };
    let on_network = network.or_else(network_address);
    let files = lab.join("same-ca");
    let router = Site::of_directory(files, device_names(), options.password_hint(), vault)
        .on_network(on_network, network.map(|_| page.port()))
        .server(server_url(api, network))
        .page("/matrix", "Results of the tests", lab_matrix::page(report))
        .router();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    Ok(axum::serve(listener, service)
        .with_graceful_shutdown(until_stopped())
        .await?)
}

/// Where devices of the network reach the API, or this computer does.
fn server_url(api: SocketAddr, network: Option<IpAddr>) -> String {
    match network.filter(|_| api.ip().is_unspecified()) {
        Some(network) => format!("https://{}/", SocketAddr::new(network, api.port())),
        None => format!("https://localhost:{}/", api.port()),
    }
}

async fn until_stopped() {
    // Where signals cannot be watched, they end the process at once: that stops it, too.
    if stop_wanted().await.is_err() {
        std::future::pending().await
    }
}

/// A lab that is there keeps its server names, and its kind of keys unless another is asked for.
fn options(arguments: &Arguments) -> Options {
    let there = Manifest::read(&arguments.dir);
    let key_type = match arguments.key_type {
        Some(Keys::Ec) => Some(KeyType::Ec),
        Some(Keys::MlDsa) => Some(KeyType::MlDsa),
        Some(Keys::Rsa) => Some(KeyType::Rsa),
        None => there.as_ref().map(|manifest| manifest.key_type),
    };
    let extra_names = there.map_or_else(Vec::new, |manifest| manifest.extra_names);
    Options {
        key_type: key_type.unwrap_or_default(),
        extra_names,
        ..Options::default()
    }
}

async fn listen(
    asked_for: Option<SocketAddr>,
    port: u16,
    flag: &str,
    any_free: bool,
) -> Result<TcpListener> {
    let usual = SocketAddr::from(([127, 0, 0, 1], if any_free { 0 } else { port }));
    let address = asked_for.unwrap_or(usual);
    TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}: choose another address with {flag}"))
}

fn what_is_there(ensured: &Ensured, lab: &Path) -> String {
    let (what, manifest) = match ensured {
        Ensured::Kept(manifest) => ("using", manifest),
        Ensured::Made(manifest, _) => ("made", manifest),
    };
    format!("{what} the {} lab in {}", manifest.key_type, lab.display())
}

fn what_to_try(lab: &Path, api: SocketAddr, page: Option<SocketAddr>) -> String {
    let (lab, port) = (lab.display(), api.port());
    let (serving, open) = match page {
        Some(page) => (
            format!(", and the page for phones on http://{page}"),
            format!("\n  open http://{page}/ and http://{page}/matrix"),
        ),
        None => (
            "; no page, since phones do not take such keys".to_owned(),
            String::new(),
        ),
    };
    format!(
        "
serving https://localhost:{port} to clients of {lab}/same-ca{serving}

try:
  curl --cacert {lab}/same-ca/ca.crt --cert {lab}/same-ca/client.crt --key {lab}/same-ca/client.key https://localhost:{port}/
  curl --cacert {lab}/same-ca/ca.crt https://localhost:{port}/{open}

Ctrl-C stops it
"
    )
}
