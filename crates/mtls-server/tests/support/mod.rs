//! A PKI, a server and a bare TLS client for the tests of this crate.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(unreachable_pub, reason = "shared between test crates by `mod`")]
#![allow(clippy::unwrap_used, reason = "tests")]

pub mod adapter;
pub mod ask;
pub mod audit;
pub mod client;
pub mod connection;
pub mod crls;
pub mod forwarded;
pub mod h2;
pub mod http;
pub mod ocsp;
pub mod origin;
pub mod pki;
pub mod raw;

use std::net::SocketAddr;

use axum::{
    Router,
    routing::{get, post},
};
use mtls_server::{
    ClientCert, MtlsConfig, MtlsConfigBuilder, ServerIdentity, Serving, verify::TrustAnchors,
};

use self::pki::{Ca, Leaf};

/// A root, and a server whose certificate it issued.
pub struct World {
    pub ca: Ca,
    pub server: Leaf,
}

impl World {
    pub fn new() -> Self {
        audit::listen();
        Self::untracked()
    }

    /// For a test that has a subscriber of its own.
    pub fn untracked() -> Self {
        let ca = Ca::root("Test root");
        let server = ca.server("localhost");
        Self { ca, server }
    }

    pub fn anchors(&self) -> TrustAnchors {
        TrustAnchors::from_certs([self.ca.der()]).unwrap()
    }

    pub fn config(&self) -> MtlsConfigBuilder {
        self.config_trusting(self.anchors())
    }

    pub fn config_trusting(&self, anchors: TrustAnchors) -> MtlsConfigBuilder {
        MtlsConfig::builder(self.identity(), anchors)
    }

    pub fn identity(&self) -> ServerIdentity {
        let (chain, key) = (self.server.chain_pem(), self.server.key_pem());
        ServerIdentity::from_pem(chain.as_bytes(), key.as_bytes()).unwrap()
    }
}

/// `/` says who is asking, `/upload` how many bytes came.
pub fn router() -> Router {
    Router::new()
        .route(
            "/",
            get(async |client: Option<ClientCert>| match client {
                Some(client) => client.subject().to_string(),
                None => "anonymous".to_owned(),
            }),
        )
        .route(
            "/private",
            get(async |client: ClientCert| client.subject().to_string()),
        )
        .route(
            "/upload",
            post(async |body: axum::body::Bytes| body.len().to_string()),
        )
}

pub async fn start(config: MtlsConfigBuilder) -> Serving {
    start_with(config, router()).await
}

pub async fn start_with(config: MtlsConfigBuilder, router: Router) -> Serving {
    let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
    let listener = mtls_server::listen::bind(loopback).unwrap();
    mtls_server::serve(listener, router, config.build().unwrap()).unwrap()
}
