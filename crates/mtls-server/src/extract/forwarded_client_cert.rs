//! The client certificate that a trusted proxy forwarded, as an extractor, its rejection, and its
//! stand-in for tests.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::{Extensions, StatusCode, request::Parts},
    middleware::AddExtension,
    response::{IntoResponse, Response},
};
use tower::Layer;
use x509_identity::{Certificate, ParseError};

use crate::{
    connection::identity::ConnectionIdentity,
    extract::{
        client_cert::ClientCertRejection,
        problem::{GrpcCode, Problem},
    },
    forwarded::{client_cert::ForwardedClientCert, error::ForwardedError, received::Forwarded},
    peer::client_cert::ClientCert,
};

impl ForwardedClientCert {
    /// The certificate that the proxy forwarded, from the extensions of a request. It is what the
    /// extractor gives. Use it in middleware, tower services, tonic, and spans.
    ///
    /// # Errors
    ///
    /// Why there is none.
    pub fn from_extensions(extensions: &Extensions) -> Result<Self, ForwardedClientCertRejection> {
        find(extensions)?.ok_or(ForwardedClientCertRejection::Missing)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ForwardedClientCert {
    type Rejection = ForwardedClientCertRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Self::from_extensions(&parts.extensions)
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

/// As for [`ClientCert`], a mock has an effect only where there is no connection.
fn find(
    extensions: &Extensions,
) -> Result<Option<ForwardedClientCert>, ForwardedClientCertRejection> {
    if ConnectionIdentity::of(extensions).is_some_and(|connection| !connection.is_mock()) {
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
    /// What the proxy forwarded cannot be used: 400, `forwarded_certificate_invalid`. If it can be
    /// parsed and failed verification: 403, `client_certificate_denied`.
    #[error("what the proxy forwarded does not name a client")]
    Invalid(#[source] Arc<ForwardedError>),

    /// The proxy forwarded none: 403, `client_certificate_required`.
    #[error("this resource needs a client certificate, and the proxy forwarded none")]
    Missing,

    /// The router is not served by this crate: 500, and a line in the log.
    #[error("the router is not served by mtls_server")]
    NotWired,

    /// The peer may not say who its clients are: 403, `client_certificate_required`.
    #[error("this resource is for clients of a trusted proxy, and the peer is not one")]
    Untrusted,
}

impl ForwardedClientCertRejection {
    /// The status of the response.
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
        let (kind, grpc) = match &self {
            Self::Invalid(error) if matches!(**error, ForwardedError::Refused(_)) => {
                ("client_certificate_denied", GrpcCode::Unauthenticated)
            }
            Self::Invalid(_) => ("forwarded_certificate_invalid", GrpcCode::Unauthenticated),
            Self::Missing | Self::Untrusted => {
                ("client_certificate_required", GrpcCode::Unauthenticated)
            }
            Self::NotWired => return ClientCertRejection::NotWired.into_response(),
        };
        let detail = match &self {
            Self::Invalid(error) => error.to_string(),
            _ => self.to_string(),
        };
        let status = self.status();
        Problem {
            status,
            kind,
            detail: detail.into(),
            grpc,
        }
        .response_of_extractor()
    }
}

/// A layer for tests of handlers that gives each request a [`ForwardedClientCert`]. It replaces the
/// acceptor and the proxy.
///
/// On a real connection of this crate it has no effect.
///
/// ```
/// # fn test(alice: &[u8], proxy: &[u8]) -> Result<axum::Router, Box<dyn std::error::Error>> {
/// use axum::{Router, routing::get};
/// use mtls_server::proxy::{ForwardedClientCert, MockForwardedClientCert};
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
    /// This client, by way of a proxy with this certificate. Neither is verified.
    ///
    /// # Errors
    ///
    /// [`ParseError`] if one of them cannot be parsed.
    pub fn from_der(client: &[u8], proxy: &[u8]) -> Result<Self, ParseError> {
        let chain = vec![Arc::new(Certificate::from_der(client)?)];
        let via = ClientCert::unverified(Certificate::from_der(proxy)?);
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
