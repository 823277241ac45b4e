//! The files of a server, as options of a program.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use mtls_server::{LoadError, MtlsConfig, MtlsFiles, VirtualHostFiles, listen};
use tokio::net::TcpListener;

/// What a server reads, and where it listens.
#[derive(Args, Clone, Debug)]
pub struct ServerFiles {
    /// The server's certificate chain, leaf first (PEM, or one certificate in DER)
    #[arg(long, value_name = "FILE")]
    pub cert: PathBuf,
    /// The private key of that certificate, not encrypted
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// The roots that clients' certificates must lead to (PEM with any number, or DER)
    #[arg(long, value_name = "FILE")]
    pub client_ca: PathBuf,
    /// CRLs (PEM with any number, or DER); may be given again
    #[arg(long, value_name = "FILE")]
    pub crl: Vec<PathBuf>,
    /// A rule in TOML that clients' certificates must match
    #[arg(long, value_name = "FILE")]
    pub rule: Option<PathBuf>,
    /// Where to listen
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8443")]
    pub listen: SocketAddr,
}

impl ServerFiles {
    /// The settings that these files hold. What clients will have against the certificate is told on stderr.
    ///
    /// # Errors
    ///
    /// [`LoadError`] names the file that cannot be used.
    pub async fn load(self) -> Result<MtlsConfig, LoadError> {
        let mut files = VirtualHostFiles::new(self.cert, self.key, self.client_ca);
        for file in self.crl {
            files = files.crl(file);
        }
        if let Some(file) = self.rule {
            files = files.rule(file);
        }
        MtlsFiles::new(files).load().await
    }

    /// Listens.
    ///
    /// # Errors
    ///
    /// If the port is taken.
    pub fn listen(&self) -> anyhow::Result<TcpListener> {
        let (ip, port) = (self.listen.ip(), self.listen.port());
        listen::bind(self.listen).with_context(|| {
            format!("cannot listen on port {port} of {ip}: choose another with --listen")
        })
    }
}
