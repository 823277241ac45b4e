//! axum over mutual TLS, with the client certificate as an extractor.
//!
//! One door stands before the router: it limits unfinished handshakes, requires a client
//! certificate (unless it is made optional), judges it strictly, delivers the TLS alert to those it
//! refuses, and records each decision as a `tracing` event ([`AUDIT_TARGET`]). Handlers get
//! [`ClientCert`], parsed once per connection, or the application's own type from it
//! ([`PeerIdentity`]). A [`Rule`] behind [`RequireClientCert`] says who may pass.
//!
//! A client's certificate is judged in its handshake, before a session is resumed, and again while
//! its connection is open: when the settings change ([`MtlsHandle`]), and when it expires.
//!
//! Headers that tell of a client certificate are removed from each request, unless a proxy that
//! [`TrustForwarded`] names wrote them; that is a [`ForwardedClientCert`] then, and another type. A
//! gateway tells its upstream with [`ForwardIdentity`].
//!
//! It does not issue certificates.
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

mod accept;
mod acceptor;
mod answers;
mod audit;
mod authorize;
mod client_auth;
mod client_cert;
mod clock;
mod config;
mod config_error;
mod connection;
mod connections;
mod crl_sources;
mod door;
pub mod files;
mod forwarded;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod generation;
mod half_open;
mod handle;
mod handshake;
mod health;
mod http;
mod identity;
mod judge;
mod limits;
pub mod listen;
mod listener;
mod live;
mod material;
mod measure;
mod mtls_files;
mod names;
mod ocsp;
#[cfg(feature = "opa")]
mod opa;
mod peer_identity;
mod plain_http;
mod problem;
mod provider;
mod proxy_protocol;
mod refusal;
mod require;
mod rest;
mod rule;
mod serve;
mod service;
mod session;
mod site;
mod spiffe;
mod stream;
mod text;
mod tls_info;
mod verifier;

pub use acceptor::MtlsAcceptor;
pub use audit::TARGET as AUDIT_TARGET;
pub use authorize::{Answer, Authorize, Authorizer, Authorizing, Question};
pub use client_auth::ClientAuth;
pub use client_cert::{ClientCert, ClientCertRejection, MockClientCert};
pub use config::{MtlsConfig, MtlsConfigBuilder};
pub use config_error::ConfigError;
pub use connection::ConnectionIdentity;
pub use crl_sources::{CrlSource, CrlSourceError, CrlSources, LoadedCrls};
pub use door::Door;
pub use forwarded::{
    ForwardIdentity, ForwardedClientCert, ForwardedClientCertRejection, ForwardedError,
    ForwardedFormat, Forwarding, MockForwardedClientCert, TrustForwarded, UnknownForwardedFormat,
};
pub use generation::{Degraded, Status};
pub use handle::{MtlsHandle, ReloadError, Reloaded, Watch};
pub use health::health;
pub use http::http_limits;
pub use identity::{IdentityError, ServerIdentity};
pub use limits::Limits;
pub use listener::{MtlsListener, PerConnection};
pub use material::Found;
pub use mtls_files::{LoadError, MtlsFiles, SiteFiles};
pub use ocsp::{
    AskError, OcspCheck, OcspRefusal, OcspVerdict, Staple, StapleError, Stapler, Unanswered,
};
#[cfg(feature = "opa")]
pub use opa::{OpaAuthorizer, OpaError};
pub use peer_identity::{FromClientCert, PeerIdentity, PeerIdentityRejection};
pub use plain_http::{HttpError, HttpUrl, HttpUrlError};
pub use proxy_protocol::{ProxyProtocol, ProxyProtocolError};
pub use refusal::{Refusal, RefusalReason};
pub use require::{RequireClientCert, Required};
pub use rule::{Decision, Rule, RuleError};
pub use serve::{Serving, serve};
pub use service::{Answering, MtlsService};
pub use session::{Kept, Resumption};
pub use site::SiteConfig;
pub use spiffe::{SpiffeId, SpiffeIdError, SvidError};
pub use stream::MtlsStream;
pub use tls_info::TlsInfo;

/// The verifier's settings, which [`MtlsConfigBuilder`] takes.
pub use pki_core::verify::{
    ChainVerifier, CrlSet, ExpiredCrl, Purpose, Revocation, Scope, Strictness, TrustAnchors,
    UnknownStatus, VerifyError,
};
