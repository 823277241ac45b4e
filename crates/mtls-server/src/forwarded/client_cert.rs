//! The client certificate that a trusted proxy forwarded, as an extractor, its rejection, and its
//! door for tests.

use std::{fmt, sync::Arc};

use axum::{
    Extension, Json,
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::{Extensions, StatusCode, header, request::Parts},
    middleware::AddExtension,
    response::{IntoResponse, Response},
};
use time::OffsetDateTime;
use tower::Layer;
use x509_identity::{Certificate, DistinguishedName, ParseError, SerialNumber, SubjectAltName};

use super::{ForwardedError, format::Chain, trust::Forwarded};
use crate::{
    connection::identity::ConnectionIdentity, extract::client_cert::ClientCertRejection,
    peer::client_cert::ClientCert,
};

/// A client's certificate in the words of a proxy that [`TrustForwarded`](crate::TrustForwarded)
/// names; cheap to clone.
///
/// As an extractor it rejects a peer that is no such proxy, and a request for which the proxy
/// forwarded none, with 403 (`client_certificate_required`); for `Option<ForwardedClientCert>` both
/// are `None`. What cannot be read is a 400 (`forwarded_certificate_invalid`) for both.
///
/// It is no [`ClientCert`], which is proven in the handshake of this connection, and nothing turns
/// it into one. Rules ([`RequireClientCert`](crate::RequireClientCert)) judge the connection's, which
/// is the proxy's. This compiles:
///
/// ```
/// use mtls_server::ClientCert;
///
/// fn erase_everything(_on_behalf_of: &ClientCert) {}
///
/// async fn handler(client: ClientCert) {
///     erase_everything(&client);
/// }
/// # let _ = axum::Router::<()>::new().route("/", axum::routing::post(handler));
/// ```
///
/// And this does not:
///
/// ```compile_fail,E0308
/// use mtls_server::{ClientCert, ForwardedClientCert};
///
/// fn erase_everything(_on_behalf_of: &ClientCert) {}
///
/// async fn handler(client: ForwardedClientCert) {
///     erase_everything(&client);
/// }
/// # let _ = axum::Router::<()>::new().route("/", axum::routing::post(handler));
/// ```
#[derive(Clone, Eq, PartialEq)]
pub struct ForwardedClientCert {
    leaf: Arc<Certificate>,
    chain: Arc<[Arc<Certificate>]>,
    via: ClientCert,
}

impl ForwardedClientCert {
    /// `None` if the chain is empty.
    pub(super) fn new(chain: Chain, via: ClientCert) -> Option<Self> {
        Some(Self {
            leaf: Arc::clone(chain.first()?),
            chain: chain.into(),
            via,
        })
    }

    /// The certificate of the proxy, which is the connection's.
    pub fn via(&self) -> &ClientCert {
        &self.via
    }

    /// Whom the certificate names; its `Display` is RFC 4514.
    pub fn subject(&self) -> &DistinguishedName {
        self.leaf.subject()
    }

    /// Who signed it.
    pub fn issuer(&self) -> &DistinguishedName {
        self.leaf.issuer()
    }

    /// The issuer's number for it.
    pub fn serial(&self) -> &SerialNumber {
        self.leaf.serial()
    }

    /// Subject alternative names, in the certificate's order.
    pub fn sans(&self) -> &[SubjectAltName] {
        self.leaf.sans()
    }

    /// The last second in which it is valid.
    pub fn not_after(&self) -> OffsetDateTime {
        self.leaf.not_after()
    }

    /// SHA-256 of the whole certificate.
    pub fn fingerprint_sha256(&self) -> &[u8; 32] {
        self.leaf.fingerprint_sha256()
    }

    /// SHA-256 of the public key (SubjectPublicKeyInfo).
    pub fn spki_sha256(&self) -> &[u8; 32] {
        self.leaf.spki_sha256()
    }

    /// This certificate first. If it was [verified](crate::TrustForwarded::verify), then the verified
    /// path, the trust anchor last; otherwise what the proxy sent, in whatever order.
    pub fn chain(&self) -> &[Arc<Certificate>] {
        &self.chain
    }

    /// The certificate's DER.
    pub fn der(&self) -> &[u8] {
        self.leaf.der()
    }

    /// Everything else that the certificate says.
    pub fn certificate(&self) -> &Certificate {
        &self.leaf
    }
}

impl fmt::Debug for ForwardedClientCert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForwardedClientCert")
            .field("subject", &self.subject().to_string())
            .field("serial", &self.serial().to_string())
            .field("via", &self.via)
            .finish_non_exhaustive()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ForwardedClientCert {
    type Rejection = ForwardedClientCertRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        find(&parts.extensions)?.ok_or(ForwardedClientCertRejection::Missing)
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for ForwardedClientCert {
    type Rejection = ForwardedClientCertRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Self::Rejection> {
        match find(&parts.extensions) {
            Err(ForwardedClientCertRejection::Untrusted) => Ok(None),
            found => found,
        }
    }
}

/// As for [`ClientCert`], a mock counts only where no connection is.
fn find(
    extensions: &Extensions,
) -> Result<Option<ForwardedClientCert>, ForwardedClientCertRejection> {
    if ConnectionIdentity::of(extensions).is_some() {
        let forwarded: &Forwarded = extensions
            .get()
            .ok_or(ForwardedClientCertRejection::Untrusted)?;
        let read = forwarded.read().clone();
        return read.map_err(ForwardedClientCertRejection::Invalid);
    }
    match extensions.get::<MockForwardedClientCert>() {
        Some(mock) => Ok(mock.0.clone()),
        None => Err(ForwardedClientCertRejection::NotWired),
    }
}

/// Why a handler did not get its [`ForwardedClientCert`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ForwardedClientCertRejection {
    /// What the proxy forwarded is no good: 400, `forwarded_certificate_invalid`; or 403,
    /// `client_certificate_denied`, if it can be read and did not pass the verification.
    #[error("what the proxy forwarded names no client")]
    Invalid(#[source] Arc<ForwardedError>),

    /// The proxy forwarded none: 403, `client_certificate_required`.
    #[error("this resource needs a client certificate, and the proxy forwarded none")]
    Missing,

    /// No acceptor of this crate serves this router: 500, and a line in the log.
    #[error("the router is not served by MtlsAcceptor or mtls_server::serve")]
    NotWired,

    /// The peer may not say who its clients are: 403, `client_certificate_required`.
    #[error("this resource is for clients of a trusted proxy, and the peer is none")]
    Untrusted,
}

impl ForwardedClientCertRejection {
    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Invalid(error) => match **error {
                ForwardedError::Refused(_) => StatusCode::FORBIDDEN,
                _ => StatusCode::BAD_REQUEST,
            },
            Self::Missing | Self::Untrusted => StatusCode::FORBIDDEN,
            Self::NotWired => ClientCertRejection::NotWired.status(),
        }
    }
}

impl IntoResponse for ForwardedClientCertRejection {
    fn into_response(self) -> Response {
        // RFC 9457. Nothing of any certificate is echoed.
        let (kind, detail) = match &self {
            Self::Invalid(error) if matches!(**error, ForwardedError::Refused(_)) => {
                ("client_certificate_denied", error.to_string())
            }
            Self::Invalid(error) => ("forwarded_certificate_invalid", error.to_string()),
            Self::Missing | Self::Untrusted => ("client_certificate_required", self.to_string()),
            Self::NotWired => return ClientCertRejection::NotWired.into_response(),
        };
        let body = Json(serde_json::json!({
            "type": kind,
            "title": kind,
            "status": self.status().as_u16(),
            "detail": detail,
        }));
        let content_type = (header::CONTENT_TYPE, "application/problem+json");
        (self.status(), [content_type], body).into_response()
    }
}

/// Stands in for acceptor and proxy in tests of handlers: a layer that gives each request a
/// [`ForwardedClientCert`].
///
/// On a connection that really came through the door it has no effect.
///
/// ```
/// # fn test(alice: &[u8], proxy: &[u8]) -> Result<axum::Router, Box<dyn std::error::Error>> {
/// use axum::{Router, routing::get};
/// use mtls_server::{ForwardedClientCert, MockForwardedClientCert};
///
/// async fn whoami(client: ForwardedClientCert) -> String {
///     client.subject().to_string()
/// }
///
/// let app = Router::new().route("/whoami", get(whoami));
/// let as_alice = app.layer(MockForwardedClientCert::from_der(alice, proxy)?);
/// # Ok(as_alice)
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct MockForwardedClientCert(Option<ForwardedClientCert>);

impl MockForwardedClientCert {
    /// This client, by way of a proxy with this certificate; nobody verifies either.
    ///
    /// # Errors
    ///
    /// [`ParseError`] if one of them cannot be parsed.
    pub fn from_der(client: &[u8], proxy: &[u8]) -> Result<Self, ParseError> {
        let chain = vec![Arc::new(Certificate::from_der(client)?)];
        let via = ClientCert::unverified(proxy)?;
        Ok(Self(ForwardedClientCert::new(chain, via)))
    }

    /// A client for whom the proxy forwarded no certificate.
    pub fn anonymous() -> Self {
        Self(None)
    }
}

impl<S> Layer<S> for MockForwardedClientCert {
    type Service = AddExtension<S, Self>;

    fn layer(&self, inner: S) -> Self::Service {
        Extension(self.clone()).layer(inner)
    }
}
