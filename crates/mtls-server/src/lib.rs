#![doc = include_str!("../README.md")]
#![cfg_attr(
    not(all(
        feature = "axum-server",
        feature = "ocsp",
        feature = "opa",
        feature = "proxy-protocol"
    )),
    allow(
        rustdoc::broken_intra_doc_links,
        reason = "what a feature brings is linked where all of them are on, as on docs.rs"
    )
)]

pub mod authorize;
mod config;
mod connection;
mod extract;
mod forwarded;
mod handshake;
mod observe;
mod peer;
#[cfg(feature = "proxy-protocol")]
mod proxy_protocol;
mod reload;
mod rules;
mod serve;
mod sources;
pub mod verify;

#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;

/// CRLs from files, directories and URLs.
pub mod crl {
    pub use crate::sources::crl_sources::{
        error::CrlSourceError,
        loader::{CrlSources, LoadedCrls},
        source::CrlSource,
    };
}

/// OCSP: about clients' certificates, and about the server's own for stapling. With the feature `ocsp`.
#[cfg(feature = "ocsp")]
pub mod ocsp {
    pub use crate::sources::ocsp::{
        check::{OcspCheck, OcspRefusal, OcspVerdict, Unanswered},
        query::OcspQueryError,
        staple::{Staple, StapleError, Stapler},
    };
}

/// URLs from which CRLs and OCSP responses are fetched, and how that fails.
pub mod plain_http {
    pub use crate::sources::plain_http::{HttpError, HttpUrl, HttpUrlError};
}

/// Behind a proxy, and as one: who announces the client, and how its certificate is forwarded.
pub mod proxy {
    #[cfg(feature = "proxy-protocol")]
    pub use crate::proxy_protocol::{ProxyProtocol, error::ProxyProtocolError};
    pub use crate::{
        extract::forwarded_client_cert::MockForwardedClientCert,
        forwarded::{
            client_cert::ForwardedClientCert,
            error::ForwardedError,
            format::{ForwardedFormat, UnknownForwardedFormat},
            trust::TrustForwarded,
        },
        serve::forward_identity::ForwardIdentity,
    };
}

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

pub use authorize::require::RequireClientCert;
pub use config::error::{ConfigError, LoadError};
pub use config::limits::Limits;
pub use config::virtual_host::VirtualHost;
pub use config::{builder::MtlsConfigBuilder, mtls_config::MtlsConfig};
pub use connection::address::address_bucket;
pub use connection::identity::ConnectionIdentity;
pub use connection::stream::MtlsStream;
pub use extract::mock_client_cert::{MockClientCert, MockError};
pub use extract::peer_identity::{FromClientCert, PeerIdentity};
pub use extract::spiffe::SpiffeId;
pub use handshake::accepted::AcceptedConnection;
pub use handshake::acceptor::ConnectionAcceptor;
pub use handshake::refusal::{Refusal, RefusalReason};
pub use observe::audit::TARGET as AUDIT_TARGET;
pub use peer::client_cert::ClientCert;
pub use peer::tls_info::TlsInfo;
pub use reload::handle::{MtlsHandle, ReloadError, Reloaded, Watch};
pub use reload::status::{Degraded, Status};
pub use reload::{mtls_files::MtlsFiles, virtual_host_files::VirtualHostFiles};
pub use rules::{decision::Decision, error::RuleError, rule::Rule};
#[cfg(feature = "axum-server")]
pub use serve::acceptor::MtlsAcceptor;
pub use serve::health::health;
pub use serve::http::http_limits;
pub use serve::listen;
pub use serve::listener::{MtlsListener, PerConnection};
pub use serve::server::{Serving, serve};
pub use serve::service::MtlsService;
pub use sources::files;
pub use tls_identity::Identity as ServerIdentity;
pub use verify::client_auth::ClientAuth;
pub use verify::resumption::{Resumption, SessionStorage};

/// Chain and key that a server presents: its types are in signatures of [`ServerIdentity`].
pub use tls_identity;
/// Names, identifiers and certificates: its types are in signatures of this crate.
pub use x509_identity;
