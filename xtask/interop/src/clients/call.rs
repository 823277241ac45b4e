//! What a client is told.

use std::path::PathBuf;

use anyhow::{Result, anyhow};
use suite::process::Server;

use crate::workbench::lab::Lab;

/// What a client is told: where to ask, whom to trust, what to show.
pub(crate) struct Call {
    pub(crate) url: String,
    pub(crate) port: u16,
    pub(crate) ca: PathBuf,
    pub(crate) cert: PathBuf,
    pub(crate) key: PathBuf,
    pub(crate) p12: PathBuf,
}

impl Call {
    /// To our `server`, if it runs, with files of the lab: the roots `ca`, and the certificate and key `stem`.
    pub(crate) fn to_ours(
        server: &Result<Server>,
        lab: &Lab,
        ca: &str,
        stem: &str,
        p12: PathBuf,
    ) -> Result<Self> {
        let port = server
            .as_ref()
            .map(Server::port)
            .map_err(|error| anyhow!("our server: {error:#}"))?;
        Ok(Self {
            url: format!("https://localhost:{port}/"),
            port,
            ca: lab.path(ca),
            cert: lab.path(&format!("{stem}.crt")),
            key: lab.path(&format!("{stem}.key")),
            p12,
        })
    }
}
