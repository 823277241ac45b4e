//! The verified client certificate as an extractor, its rejection, and its stand-in for tests.

use std::net::SocketAddr;

use axum::{
    Extension,
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::{Extensions, StatusCode, request::Parts},
    middleware::AddExtension,
    response::{IntoResponse, Response},
};
use tower::Layer;
use x509_identity::ParseError;

use crate::{
    connection::identity::ConnectionIdentity, peer::client_cert::ClientCert, problem::problem,
};

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
    caller(extensions).map(|caller| caller.client)
}

/// Who sent a request.
pub(crate) struct Caller<'a> {
    pub(crate) client: Option<&'a ClientCert>,
    /// Not known of a mock.
    pub(crate) peer: Option<SocketAddr>,
}

/// As [`find`], with the address.
pub(crate) fn caller(extensions: &Extensions) -> Result<Caller<'_>, ClientCertRejection> {
    if let Some(connection) = ConnectionIdentity::of(extensions) {
        return Ok(Caller {
            client: connection.client(),
            peer: Some(connection.peer()),
        });
    }
    match extensions.get::<MockClientCert>() {
        Some(mock) => Ok(Caller {
            client: mock.0.as_ref(),
            peer: None,
        }),
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
