//! The SPIFFE ID of the client as an extractor.

use std::{fmt, ops::Deref};

use axum::{
    extract::FromRequestParts,
    http::{Extensions, request::Parts},
};
use x509_identity::SvidError;

use crate::{
    extract::peer_identity::{FromClientCert, PeerIdentity, PeerIdentityRejection},
    peer::client_cert::ClientCert,
};

/// The SPIFFE ID of the client's X.509-SVID, as an extractor.
///
/// An X.509-SVID has exactly one URI among its alternative names. That URI is an ID with a path,
/// and the certificate is not a CA's. With any other certificate the request is answered 403,
/// `client_certificate_denied`.
///
/// Whether a CA may issue for a trust domain is not checked. Trust only roots that may, or limit them
/// with name constraints.
///
/// ```
/// use mtls_server::SpiffeId;
///
/// async fn whoami(workload: SpiffeId) -> String {
///     format!("{} of {}", workload.path(), workload.trust_domain())
/// }
/// # let _ = axum::Router::<()>::new().route("/", axum::routing::get(whoami));
/// ```
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SpiffeId(pub x509_identity::SpiffeId);

impl SpiffeId {
    /// The ID of the client, from the extensions of a request. It is what the extractor gives. Use
    /// it in middleware, tower services, tonic, and spans.
    ///
    /// # Errors
    ///
    /// Why there is none.
    pub fn from_extensions(
        extensions: &Extensions,
    ) -> Result<Self, PeerIdentityRejection<SvidError>> {
        PeerIdentity::from_extensions(extensions).map(|PeerIdentity(id)| id)
    }
}

impl Deref for SpiffeId {
    type Target = x509_identity::SpiffeId;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl fmt::Display for SpiffeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<SpiffeId> for x509_identity::SpiffeId {
    fn from(SpiffeId(id): SpiffeId) -> Self {
        id
    }
}

impl FromClientCert for SpiffeId {
    type Error = SvidError;

    fn from_client_cert(client: &ClientCert) -> Result<Self, Self::Error> {
        x509_identity::SpiffeId::from_certificate(client.certificate()).map(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for SpiffeId {
    type Rejection = PeerIdentityRejection<SvidError>;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let PeerIdentity(id) = PeerIdentity::from_request_parts(parts, state).await?;
        Ok(id)
    }
}
