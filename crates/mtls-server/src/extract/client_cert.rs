//! The verified client certificate as an extractor, its rejection, and its door for tests.

use std::{fmt, sync::Arc};

use axum::{
    Extension,
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::{Extensions, StatusCode, request::Parts},
    middleware::AddExtension,
    response::{IntoResponse, Response},
};
use const_oid::db::DB;
use pki_core::verify::Path;
use time::OffsetDateTime;
use tower::Layer;
use x509_identity::{
    Certificate, DistinguishedName, ObjectIdentifier, ParseError, SerialNumber, SubjectAltName,
};

use crate::{connection::identity::ConnectionIdentity, problem::problem};

/// A client certificate that the door verified; cheap to clone.
///
/// As an extractor it rejects an anonymous connection with 403. `Option<ClientCert>` is `None`
/// there; it still rejects a router that no acceptor of this crate serves, since "nobody" and
/// "not asked" must not look alike.
#[derive(Clone, Eq, PartialEq)]
pub struct ClientCert {
    leaf: Arc<Certificate>,
    chain: Arc<[Arc<Certificate>]>,
}

impl ClientCert {
    pub(crate) fn verified(path: &Path) -> Self {
        let leaf = Arc::clone(path.leaf());
        let chain = path.certificates().cloned().collect();
        Self { leaf, chain }
    }

    /// For mocks: nobody looked at it.
    pub(crate) fn unverified(der: &[u8]) -> Result<Self, ParseError> {
        let leaf = Arc::new(Certificate::from_der(der)?);
        let chain = Arc::new([Arc::clone(&leaf)]);
        Ok(Self { leaf, chain })
    }

    /// Whom the certificate names; its `Display` is RFC 4514.
    pub fn subject(&self) -> &DistinguishedName {
        self.leaf.subject()
    }

    /// Who signed it.
    pub fn issuer(&self) -> &DistinguishedName {
        self.leaf.issuer()
    }

    /// The subject's first common name.
    ///
    /// It is one attribute of the name, which other CAs may give to others: decide by the whole
    /// subject, by a SAN or by a fingerprint.
    pub fn common_name(&self) -> Option<&str> {
        self.leaf.subject().common_name()
    }

    /// The issuer's number for it.
    pub fn serial(&self) -> &SerialNumber {
        self.leaf.serial()
    }

    /// Subject alternative names, in the certificate's order.
    pub fn sans(&self) -> &[SubjectAltName] {
        self.leaf.sans()
    }

    /// What the key may be used for, `clientAuth` among it.
    pub fn eku(&self) -> &[ObjectIdentifier] {
        self.leaf.extended_key_usage().unwrap_or_default()
    }

    /// The same as RFC 5280 names them (`clientAuth`), or dotted where it has no name for one.
    pub fn eku_names(&self) -> Vec<String> {
        let name = |oid: &ObjectIdentifier| match DB.by_oid(oid) {
            Some(name) => name.trim_start_matches("id-kp-").to_owned(),
            None => oid.to_string(),
        };
        self.eku().iter().map(name).collect()
    }

    /// The last second in which it is valid.
    pub fn not_after(&self) -> OffsetDateTime {
        self.leaf.not_after()
    }

    /// SHA-256 of the whole certificate.
    pub fn fingerprint_sha256(&self) -> &[u8; 32] {
        self.leaf.fingerprint_sha256()
    }

    /// SHA-256 of the public key (SubjectPublicKeyInfo): it outlives a renewal with the same key.
    pub fn spki_sha256(&self) -> &[u8; 32] {
        self.leaf.spki_sha256()
    }

    /// The verified path: this certificate first, the trust anchor last.
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

impl fmt::Debug for ClientCert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCert")
            .field("subject", &self.subject().to_string())
            .field("serial", &self.serial().to_string())
            .finish_non_exhaustive()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ClientCert {
    type Rejection = ClientCertRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        find(&parts.extensions)?
            .cloned()
            .ok_or(ClientCertRejection::Missing)
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for ClientCert {
    type Rejection = ClientCertRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Self::Rejection> {
        find(&parts.extensions).map(Option::<&Self>::cloned)
    }
}

/// The real one, or else the mock; on a real connection no mock counts, so that one forgotten in
/// production gives an anonymous peer no name.
pub(crate) fn find(extensions: &Extensions) -> Result<Option<&ClientCert>, ClientCertRejection> {
    if let Some(connection) = ConnectionIdentity::of(extensions) {
        return Ok(connection.client());
    }
    match extensions.get::<MockClientCert>() {
        Some(mock) => Ok(mock.0.as_ref()),
        None => Err(ClientCertRejection::NotWired),
    }
}

/// Why a request was turned away: a handler did not get its [`ClientCert`], or a layer refused it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientCertRejection {
    /// The certificate is good, and its holder may not do this: 403, `client_certificate_denied`.
    #[error("the client certificate of this connection does not allow for this")]
    Denied,

    /// The peer showed none: 403, `client_certificate_required`.
    #[error("this resource needs a client certificate, and the connection has none")]
    Missing,

    /// The certificate was good when the connection began, and is no more: 403,
    /// `client_certificate_denied`.
    #[error("the client certificate of this connection is no longer good")]
    NoLongerGood,

    /// No acceptor of this crate serves this router: 500, and a line in the log.
    #[error("the router is not served by mtls_server: by serve, MtlsAcceptor or PerConnection")]
    NotWired,

    /// Whoever was to decide gave no answer: 503, `authorization_unavailable`.
    #[error("nobody could decide whether the client certificate allows for this; try again later")]
    Undecided,
}

impl ClientCertRejection {
    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Denied | Self::Missing | Self::NoLongerGood => StatusCode::FORBIDDEN,
            Self::NotWired => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Undecided => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl IntoResponse for ClientCertRejection {
    fn into_response(self) -> Response {
        let (kind, detail) = match self {
            Self::Denied | Self::NoLongerGood => ("client_certificate_denied", self.to_string()),
            Self::Missing => ("client_certificate_required", self.to_string()),
            Self::NotWired => {
                tracing::error!(target: "mtls_server", "{self}: every request is refused");
                ("server_error", "the server is set up wrongly".to_owned())
            }
            Self::Undecided => ("authorization_unavailable", self.to_string()),
        };
        problem(self.status(), kind, &detail)
    }
}

/// Stands in for the acceptor in tests of handlers: a layer that gives each request a
/// [`ClientCert`].
///
/// On a connection that really came through the door it has no effect.
///
/// ```
/// # fn test(certificate_der: &[u8]) -> Result<axum::Router, Box<dyn std::error::Error>> {
/// use axum::{Router, routing::get};
/// use mtls_server::{ClientCert, MockClientCert};
///
/// async fn whoami(client: ClientCert) -> String {
///     client.subject().to_string()
/// }
///
/// let app = Router::new().route("/whoami", get(whoami));
/// let as_alice = app.layer(MockClientCert::from_der(certificate_der)?);
/// # Ok(as_alice)
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct MockClientCert(Option<ClientCert>);

impl MockClientCert {
    /// A client that showed this certificate, which nobody verifies.
    ///
    /// # Errors
    ///
    /// [`ParseError`] if it cannot be parsed.
    pub fn from_der(der: &[u8]) -> Result<Self, ParseError> {
        Ok(Self(Some(ClientCert::unverified(der)?)))
    }

    /// A client that showed no certificate, where that is allowed.
    pub fn anonymous() -> Self {
        Self(None)
    }
}

impl<S> Layer<S> for MockClientCert {
    type Service = AddExtension<S, Self>;

    fn layer(&self, inner: S) -> Self::Service {
        Extension(self.clone()).layer(inner)
    }
}
