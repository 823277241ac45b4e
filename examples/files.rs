//! The files of a server, as options of a program.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Context;
use clap::Args;
use mtls_server::{LoadError, MtlsConfig, MtlsFiles, ServerIdentity, VirtualHostFiles, listen};
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
        let (cert, key) = (self.cert.clone(), self.key.clone());
        let mut files = VirtualHostFiles::new(self.cert, self.key, self.client_ca);
        for file in self.crl {
            files = files.crl(file);
        }
        if let Some(file) = self.rule {
            files = files.rule(file);
        }
        let config = MtlsFiles::new(files).load().await?;
        warn_about_server(&cert, &key);
        Ok(config)
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

/// Tells on stderr why clients will refuse this server's certificate, if they will: a line for each reason.
///
/// Files that cannot be used are passed over, since loading the settings has said so.
pub fn warn_about_server(cert: &Path, key: &Path) {
    if let Ok(identity) = ServerIdentity::from_files(cert, key) {
        for problem in identity.problems_as_server(SystemTime::now()) {
            eprintln!("warning: {}: {problem}", cert.display());
        }
    }
}
