//! Our server: the example `hello`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::built::{Profile, examples};
use crate::process::{self, Server};

/// The program, built.
pub struct Hello(PathBuf);

/// What it presents, and whom it accepts.
pub struct ServerFiles {
    /// Its certificate chain.
    pub cert: PathBuf,
    /// The key of that certificate.
    pub key: PathBuf,
    /// The roots of its clients.
    pub client_ca: PathBuf,
    /// Their CRLs.
    pub crl: Option<PathBuf>,
}

impl Hello {
    /// Builds it without optimisation.
    pub fn build() -> Result<Self> {
        let [program] = examples(Profile::Dev, ["hello"])?;
        Ok(Self(program))
    }

    /// Where it is, for whoever starts it otherwise.
    pub fn program(&self) -> &Path {
        &self.0
    }

    /// Starts it on a free port.
    pub fn serve(&self, files: &ServerFiles) -> Result<Server> {
        self.serve_with(files, &[])
    }

    /// The same with more arguments.
    pub fn serve_with(&self, files: &ServerFiles, more: &[&str]) -> Result<Server> {
        let [port] = process::free_ports()?;
        let mut command = Command::new(&self.0);
        command
            .arg("--cert")
            .arg(&files.cert)
            .arg("--key")
            .arg(&files.key)
            .arg("--client-ca")
            .arg(&files.client_ca);
        if let Some(crl) = &files.crl {
            command.arg("--crl").arg(crl);
        }
        Server::start(
            command
                .args(more)
                .args(["--listen", &format!("127.0.0.1:{port}")]),
            port,
        )
    }
}
