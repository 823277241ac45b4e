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
    connection::identity::ConnectionIdentity,
    peer::client_cert::ClientCert,
    problem::{Form, GrpcCode, Problem},
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

/// The certificate of the connection, or else that of the mock. On a real connection a mock has no
/// effect, so that one forgotten in production gives no name to an anonymous peer.
pub(crate) fn find(extensions: &Extensions) -> Result<Option<&ClientCert>, ClientCertRejection> {
    caller(extensions).map(|caller| caller.client)
}

/// Who sent a request.
pub(crate) struct Caller<'a> {
    pub(crate) client: Option<&'a ClientCert>,
    /// `None` for a mock.
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

/// Why a request was rejected: a handler did not get its [`ClientCert`], or a layer denied the client.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientCertRejection {
    /// The certificate is good, but does not allow this: 403, `client_certificate_denied`.
    #[error("the client certificate of this connection does not allow this")]
    Denied,

    /// The client has presented none: 403, `client_certificate_required`.
    #[error("this resource needs a client certificate, and the connection has none")]
    Missing,

    /// The certificate was good when the connection began, and no longer is: 403,
    /// `client_certificate_denied`.
    #[error("the client certificate of this connection is no longer good")]
    NoLongerGood,

    /// The router is not served by this crate: 500, and a line in the log.
    #[error("the router is not served by mtls_server: by serve, MtlsAcceptor or PerConnection")]
    NotWired,

    /// The authorizer did not decide: 503, `authorization_unavailable`.
    #[error("it could not be decided whether the client certificate allows this; try again later")]
    Undecided,
}

impl ClientCertRejection {
    /// The status of the response.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Denied | Self::Missing | Self::NoLongerGood => StatusCode::FORBIDDEN,
            Self::NotWired => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Undecided => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl ClientCertRejection {
    /// The response, in the form that the client of the request reads.
    pub(crate) fn response(self, form: Form) -> Response {
        let sentence = self.to_string();
        let (kind, grpc) = match self {
            Self::Denied => ("client_certificate_denied", GrpcCode::PermissionDenied),
            Self::Missing => ("client_certificate_required", GrpcCode::Unauthenticated),
            Self::NoLongerGood => ("client_certificate_denied", GrpcCode::Unauthenticated),
            Self::NotWired => {
                tracing::error!(target: "mtls_server", "{self}: every request is refused");
                ("server_error", GrpcCode::Internal)
            }
            Self::Undecided => ("authorization_unavailable", GrpcCode::Unavailable),
        };
        let detail = match self {
            Self::NotWired => "the server is set up wrongly",
            _ => sentence.as_str(),
        };
        let status = self.status();
        Problem {
            status,
            kind,
            detail,
            grpc,
        }
        .response(form)
    }
}

impl IntoResponse for ClientCertRejection {
    fn into_response(self) -> Response {
        self.response(Form::Problem)
    }
}

/// Stands in for the acceptor in tests of handlers: a layer that gives each request a
/// [`ClientCert`].
///
/// On a real connection of this crate it has no effect.
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
    /// A client with this certificate, which is not verified.
    ///
    /// # Errors
    ///
    /// [`ParseError`] if it cannot be parsed.
    pub fn from_der(der: &[u8]) -> Result<Self, ParseError> {
        Ok(Self(Some(ClientCert::unverified(der)?)))
    }

    /// A client without a certificate, where that is allowed.
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
