//! The SPIFFE ID of the client as an extractor.

use axum::{extract::FromRequestParts, http::request::Parts};

use crate::{
    extract::peer_identity::{FromClientCert, PeerIdentity, PeerIdentityRejection},
    peer::{
        client_cert::ClientCert,
        spiffe::{SpiffeId, SvidError},
    },
};

impl FromClientCert for SpiffeId {
    type Error = SvidError;

    fn from_client_cert(client: &ClientCert) -> Result<Self, Self::Error> {
        Self::of(client.certificate())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for SpiffeId {
    type Rejection = PeerIdentityRejection<SvidError>;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let PeerIdentity(id) = PeerIdentity::from_request_parts(parts, state).await?;
        Ok(id)
    }
}
