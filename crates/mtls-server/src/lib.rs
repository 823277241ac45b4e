//! axum over mutual TLS, with the client certificate as an extractor.
//!
//! One door stands before the router: it limits unfinished handshakes, requires a client
//! certificate (unless it is made optional), judges it strictly, delivers the TLS alert to those it
//! refuses, and records each decision as a `tracing` event ([`AUDIT_TARGET`]). Handlers get
//! [`ClientCert`], parsed once per connection, or the application's own type from it
//! ([`PeerIdentity`]). A [`Rule`] behind [`RequireClientCert`] says who may pass.
//!
//! It does not issue certificates, trust headers from proxies, or resume TLS sessions; a
//! certificate is judged when its connection begins.
//!
//! ```no_run
//! use axum::{Router, routing::get};
//! use mtls_server::{ClientCert, MtlsConfig, ServerIdentity, files};
//!
//! async fn whoami(client: ClientCert) -> String {
//!     client.subject().to_string()
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let identity = ServerIdentity::from_files("server.crt", "server.key")?;
//! let config = MtlsConfig::builder(identity, files::client_roots("ca.crt")?).build()?;
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:8443").await?;
//! let router = Router::new().route("/whoami", get(whoami));
//! mtls_server::serve(listener, router, config)?.finished().await?;
//! # Ok(())
//! # }
//! ```

mod acceptor;
mod audit;
mod authorize;
mod client_cert;
mod config;
mod connection;
mod crl_sources;
mod door;
pub mod files;
mod identity;
mod limits;
mod material;
mod ocsp;
mod peer_identity;
mod plain_http;
mod provider;
mod refusal;
mod require;
mod rule;
mod serve;
mod spiffe;
mod tls_info;
mod verifier;

pub use acceptor::{MtlsAcceptor, MtlsService};
pub use audit::TARGET as AUDIT_TARGET;
pub use authorize::{Answer, Authorize, Authorizer, Authorizing, Question};
pub use client_cert::{ClientCert, ClientCertRejection, MockClientCert};
pub use config::{ClientAuth, ConfigError, Limits, MtlsConfig, MtlsConfigBuilder};
pub use connection::ConnectionIdentity;
pub use crl_sources::{CrlSource, CrlSourceError, CrlSources, LoadedCrls};
pub use door::Door;
pub use identity::{IdentityError, ServerIdentity};
pub use material::Found;
pub use ocsp::{
    AskError, OcspCheck, OcspRefusal, OcspVerdict, Staple, StapleError, Stapler, Unanswered,
};
pub use peer_identity::{FromClientCert, PeerIdentity, PeerIdentityRejection};
pub use plain_http::{HttpError, HttpUrl, HttpUrlError};
pub use refusal::{Refusal, RefusalReason};
pub use require::{RequireClientCert, Required};
pub use rule::{Decision, Rule, RuleError};
pub use serve::{Serving, http_limits, serve};
pub use spiffe::{SpiffeId, SpiffeIdError, SvidError};
pub use tls_info::TlsInfo;

/// The verifier's settings, which [`MtlsConfigBuilder`] takes.
pub use pki_core::verify::{
    CrlSet, ExpiredCrl, Revocation, Scope, Strictness, TrustAnchors, UnknownStatus, VerifyError,
};
