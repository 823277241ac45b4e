#![doc = include_str!("../README.md")]

mod authorize;
mod config;
mod connection;
mod extract;
mod forwarded;
mod handshake;
mod observe;
mod peer;
mod proxy_protocol;
mod reload;
mod rules;
mod serve;
mod sources;
mod verify;

#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod problem;
mod provider;
mod text;

/// Why an extractor or a layer rejects a request.
pub mod rejection {
    pub use crate::extract::{
        client_cert::ClientCertRejection, forwarded_client_cert::ForwardedClientCertRejection,
        peer_identity::PeerIdentityRejection,
    };
}

/// The services of this crate's layers, and the future of [`MtlsService`]. You need them only to
/// name a type.
pub mod service {
    pub use crate::{
        authorize::{authorizer::AuthorizeService, require::RequireClientCertService},
        extract::mock_client_cert::MockClientCertService,
        serve::{forward_identity::ForwardIdentityService, service::ResponseFuture},
    };
}

pub use authorize::authorizer::{
    AuthorizationDecision, AuthorizationRequest, Authorize, Authorizer,
};
#[cfg(feature = "opa")]
pub use authorize::opa::{OpaAuthorizer, OpaError};
pub use authorize::require::RequireClientCert;
pub use config::error::ConfigError;
pub use config::error::LoadError;
pub use config::limits::Limits;
pub use config::virtual_host::VirtualHost;
pub use config::{builder::MtlsConfigBuilder, mtls_config::MtlsConfig};
pub use connection::identity::ConnectionIdentity;
pub use connection::stream::MtlsStream;
pub use extract::forwarded_client_cert::MockForwardedClientCert;
pub use extract::mock_client_cert::{MockClientCert, MockError};
pub use extract::peer_identity::{FromClientCert, PeerIdentity};
pub use extract::spiffe::SpiffeId;
pub use forwarded::{
    client_cert::ForwardedClientCert,
    error::ForwardedError,
    format::{ForwardedFormat, UnknownForwardedFormat},
    trust::TrustForwarded,
};
pub use handshake::accepted::AcceptedConnection;
pub use handshake::acceptor::ConnectionAcceptor;
pub use handshake::refusal::{Refusal, RefusalReason};
pub use observe::audit::TARGET as AUDIT_TARGET;
pub use peer::client_cert::ClientCert;
pub use peer::tls_info::TlsInfo;
pub use proxy_protocol::{ProxyProtocol, error::ProxyProtocolError};
pub use reload::handle::{MtlsHandle, ReloadError, Reloaded, Watch};
pub use reload::status::{Degraded, Status};
pub use reload::{mtls_files::MtlsFiles, virtual_host_files::VirtualHostFiles};
pub use rules::{decision::Decision, error::RuleError, rule::Rule};
pub use serve::acceptor::MtlsAcceptor;
pub use serve::forward_identity::ForwardIdentity;
pub use serve::health::health;
pub use serve::http::http_limits;
pub use serve::listen;
pub use serve::listener::{MtlsListener, PerConnection};
pub use serve::server::{Serving, serve};
pub use serve::service::MtlsService;
pub use sources::crl_sources::{
    error::CrlSourceError,
    loader::{CrlSources, LoadedCrls},
    source::CrlSource,
};
pub use sources::files;
pub use sources::ocsp::{
    check::{OcspCheck, OcspRefusal, OcspVerdict, Unanswered},
    query::OcspQueryError,
    staple::{Staple, StapleError, Stapler},
};
pub use sources::plain_http::{HttpError, HttpUrl, HttpUrlError};
pub use tls_identity::{Found, Identity as ServerIdentity, IdentityError};
pub use verify::client_auth::ClientAuth;
pub use verify::resumption::{Resumption, SessionStorage};

/// Names, identifiers and certificates: its types are in signatures of this crate.
pub use x509_identity;

/// The verifier's settings, which [`MtlsConfigBuilder`] takes.
pub use pki_core::verify::{
    ChainVerifier, CrlSet, ExpiredCrl, Purpose, Revocation, Scope, Strictness, TrustAnchors,
    UnknownStatus, VerifyError,
};
