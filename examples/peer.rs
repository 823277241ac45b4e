//! The server that an example talks to: one that is given, or one of its own.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use axum::Router;
use clap::Args;
use http::Uri;
use mtls_client::{ClientIdentity, Connector, ConnectorBuilder, TrustAnchors};
use mtls_lab::{Lab, Options};
use mtls_server::{MtlsConfig, ServerIdentity};
use time::OffsetDateTime;
use tokio::net::TcpListener;

/// Whom to talk to, and as whom; without a URL a server of our own, with a CA that is made for it.
#[derive(Args, Clone, Debug, Default)]
pub struct Peer {
    /// The server; left out, one is started
    #[arg(requires = "ca")]
    pub url: Option<Uri>,
    /// The roots that the server must lead to (PEM with any number, or DER)
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub ca: Option<PathBuf>,
    /// Our certificate, followed by its intermediates (PEM)
    #[arg(long, value_name = "FILE", requires = "key")]
    pub cert: Option<PathBuf>,
    /// Our private key (PEM, not encrypted)
    #[arg(long, value_name = "FILE", requires = "url")]
    pub key: Option<PathBuf>,
}

impl Peer {
    /// Its address, with `path` if it is our own, and a connector to it. Our own serves `router` until the
    /// program ends.
    ///
    /// # Errors
    ///
    /// If a file cannot be used, or no server started.
    pub async fn find(self, router: Router, path: &str) -> anyhow::Result<(Uri, ConnectorBuilder)> {
        match self {
            Self {
                url: Some(url),
                ca: Some(ca),
                cert: Some(cert),
                key: Some(key),
            } => {
                ensure!(url.host().is_some(), "{url} has no host");
                let roots = TrustAnchors::from_pem(&read(&ca)?)
                    .with_context(|| format!("{} cannot be used", ca.display()))?;
                let identity = ClientIdentity::from_pem(&read(&cert)?, &read(&key)?)
                    .with_context(|| format!("{} cannot be used", cert.display()))?;
                Ok((url, Connector::builder(roots, identity)))
            }
            _ => own(router, path).await,
        }
    }
}

async fn own(router: Router, path: &str) -> anyhow::Result<(Uri, ConnectorBuilder)> {
    let lab = Lab::make(&Options::default(), OffsetDateTime::now_utc())?;
    let file = |path: &str| {
        let found = lab.files().iter().find(|file| file.path() == path);
        let found = found.with_context(|| format!("the lab has no {path}"))?;
        anyhow::Ok(found.secret_contents())
    };
    let roots = TrustAnchors::from_pem(file("same-ca/ca.crt")?)?;
    let server =
        ServerIdentity::from_pem(file("same-ca/server.crt")?, file("same-ca/server.key")?)?;
    let config = MtlsConfig::builder(server, roots.clone()).build()?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let serving = mtls_server::serve(listener, router, config)?;
    let port = serving.local_addr().port();
    let client =
        ClientIdentity::from_pem(file("same-ca/client.crt")?, file("same-ca/client.key")?)?;
    let url = format!("https://localhost:{port}{path}").parse()?;
    Ok((url, Connector::builder(roots, client)))
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
}
