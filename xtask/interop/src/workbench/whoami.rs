//! Our server in this process, whose settings a check can change: it answers with the client's name.

use anyhow::Result;
use axum::{Router, routing::get};
use mtls_server::{ClientCert, MtlsConfig, Serving};
use tokio::runtime::Runtime;

/// Runs until it is dropped.
pub(crate) struct Whoami {
    pub(crate) serving: Serving,
    pub(crate) runtime: Runtime,
}

impl Whoami {
    pub(crate) fn start(config: MtlsConfig) -> Result<Self> {
        let who = async |client: Option<ClientCert>| match client {
            Some(client) => client.subject().to_string(),
            None => "nobody".to_owned(),
        };
        let router = Router::new().route("/", get(who));
        let runtime = Runtime::new()?;
        let serving = runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
            mtls_server::serve(listener, router, config)
        })?;
        Ok(Self { serving, runtime })
    }

    pub(crate) fn port(&self) -> u16 {
        self.serving.local_addr().port()
    }
}
