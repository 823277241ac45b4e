//! What was negotiated for the connection a request came in on, as an extractor.

use std::convert::Infallible;

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::{Extensions, request::Parts},
};

use crate::{
    connection::identity::ConnectionIdentity, extract::client_cert::ClientCertRejection,
    peer::tls_info::TlsInfo,
};

impl TlsInfo {
    /// What was negotiated, from the extensions of a request. It is what the extractor gives. Use
    /// it in middleware, tower services, tonic, and spans.
    ///
    /// # Errors
    ///
    /// [`ClientCertRejection::NotWired`] if this crate has not received the request.
    pub fn from_extensions(extensions: &Extensions) -> Result<Self, ClientCertRejection> {
        ConnectionIdentity::of(extensions)
            .map(|connection| connection.tls().clone())
            .ok_or(ClientCertRejection::NotWired)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for TlsInfo {
    type Rejection = ClientCertRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Self::from_extensions(&parts.extensions)
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for TlsInfo {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(Self::from_extensions(&parts.extensions).ok())
    }
}
