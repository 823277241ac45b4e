//! The verified client certificate as an extractor, and its rejection.

use std::net::SocketAddr;

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::{Extensions, StatusCode, request::Parts},
    response::{IntoResponse, Response},
};

use crate::{
    connection::identity::ConnectionIdentity,
    extract::problem::{Form, GrpcCode, Problem},
    peer::client_cert::ClientCert,
};

impl ClientCert {
    /// The certificate of the client, from the extensions of a request. It is what the extractor
    /// gives. Use it in middleware, tower services, tonic, and spans.
    ///
    /// ```
    /// use axum::{body::Body, http::Request};
    /// use mtls_server::ClientCert;
    /// use tracing::{Span, info_span};
    ///
    /// /// For `tower_http::trace::TraceLayer::make_span_with`.
    /// fn span(request: &Request<Body>) -> Span {
    ///     let client = ClientCert::from_extensions(request.extensions());
    ///     let subject = client.ok().map(|client| client.subject().to_string());
    ///     info_span!("request", method = %request.method(), subject)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ClientCertRejection::Missing`] if the client is anonymous, [`ClientCertRejection::NotWired`] if
    /// this crate has not received the request.
    pub fn from_extensions(extensions: &Extensions) -> Result<Self, ClientCertRejection> {
        find(extensions)?
            .cloned()
            .ok_or(ClientCertRejection::Missing)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ClientCert {
    type Rejection = ClientCertRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Self::from_extensions(&parts.extensions)
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for ClientCert {
    type Rejection = ClientCertRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Self::Rejection> {
        find(&parts.extensions).map(Option::<&Self>::cloned)
    }
}

/// The certificate of the connection. A mock counts only where there is no connection, so that one
/// forgotten in production gives no name to an anonymous peer.
pub(crate) fn find(extensions: &Extensions) -> Result<Option<&ClientCert>, ClientCertRejection> {
    caller(extensions).map(|caller| caller.client)
}

/// Who sent a request.
pub(crate) struct Caller<'a> {
    pub(crate) client: Option<&'a ClientCert>,
    pub(crate) peer: SocketAddr,
}

/// As [`find`], with the address.
pub(crate) fn caller(extensions: &Extensions) -> Result<Caller<'_>, ClientCertRejection> {
    let connection = ConnectionIdentity::of(extensions).ok_or(ClientCertRejection::NotWired)?;
    Ok(Caller {
        client: connection.client(),
        peer: connection.peer(),
    })
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
        self.problem().response(form)
    }

    fn problem(&self) -> Problem {
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
            Self::NotWired => "the server is set up wrongly".into(),
            _ => self.to_string().into(),
        };
        Problem {
            status: self.status(),
            kind,
            detail,
            grpc,
        }
    }
}

impl IntoResponse for ClientCertRejection {
    fn into_response(self) -> Response {
        self.problem().response_of_extractor()
    }
}
