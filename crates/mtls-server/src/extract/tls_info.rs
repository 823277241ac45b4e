//! What was negotiated for the connection a request came in on, as an extractor.

use std::convert::Infallible;

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::request::Parts,
};

use crate::{
    connection::identity::ConnectionIdentity, extract::client_cert::ClientCertRejection,
    peer::tls_info::TlsInfo,
};

impl<S: Send + Sync> FromRequestParts<S> for TlsInfo {
    type Rejection = ClientCertRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        ConnectionIdentity::of(&parts.extensions)
            .map(|connection| connection.tls().clone())
            .ok_or(ClientCertRejection::NotWired)
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for TlsInfo {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(ConnectionIdentity::of(&parts.extensions).map(|connection| connection.tls().clone()))
    }
}
