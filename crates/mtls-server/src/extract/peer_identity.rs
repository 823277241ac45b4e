//! The application's own type for the client, as an extractor.

use std::{any::type_name, error::Error};

use axum::{
    extract::FromRequestParts,
    http::{Extensions, StatusCode, request::Parts},
    response::{IntoResponse, Response},
};

use crate::{
    extract::client_cert::{self, Caller, ClientCertRejection},
    observe::audit::{self, AboutRequest, Outcome},
    peer::client_cert::ClientCert,
};

/// What an application makes of a client certificate, for [`PeerIdentity`].
pub trait FromClientCert: Sized {
    /// Why a certificate does not identify anybody that the application knows.
    type Error: Error + Send + Sync + 'static;

    /// Reads the identity. Called for each request that asks for it, so it should be fast.
    ///
    /// # Errors
    ///
    /// If the certificate does not identify anybody that the application knows. The request is
    /// answered 403.
    fn from_client_cert(client: &ClientCert) -> Result<Self, Self::Error>;
}

/// The application's own type from the client's certificate, as an extractor.
///
/// ```
/// use mtls_server::{ClientCert, FromClientCert, PeerIdentity};
///
/// struct Station(u32);
///
/// #[derive(Debug, thiserror::Error)]
/// #[error("the subject is not a station")]
/// struct NoStation;
///
/// impl FromClientCert for Station {
///     type Error = NoStation;
///
///     fn from_client_cert(client: &ClientCert) -> Result<Self, NoStation> {
///         let name = client.common_name().ok_or(NoStation)?;
///         let number = name.strip_prefix("station-").ok_or(NoStation)?;
///         number.parse().map(Station).map_err(|_| NoStation)
///     }
/// }
///
/// async fn report(PeerIdentity(station): PeerIdentity<Station>) -> String {
///     format!("station {} reports", station.0)
/// }
/// # let _ = axum::Router::<()>::new().route("/", axum::routing::post(report));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PeerIdentity<T>(pub T);

impl<T: FromClientCert> PeerIdentity<T> {
    /// The identity, from the extensions of a request. It is what the extractor gives. Use it in
    /// middleware, tower services, tonic, and spans. The audit event of an unknown peer has no
    /// method and path here.
    ///
    /// # Errors
    ///
    /// Why there is none.
    pub fn from_extensions(
        extensions: &Extensions,
    ) -> Result<Self, PeerIdentityRejection<T::Error>> {
        Self::find(extensions, None)
    }

    fn find(
        extensions: &Extensions,
        request: Option<AboutRequest<'_>>,
    ) -> Result<Self, PeerIdentityRejection<T::Error>> {
        let Caller { client, peer } =
            client_cert::caller(extensions).map_err(PeerIdentityRejection::ClientCert)?;
        let client = client.ok_or(PeerIdentityRejection::ClientCert(
            ClientCertRejection::Missing,
        ))?;
        T::from_client_cert(client).map(Self).map_err(|error| {
            let rule = type_name::<T>();
            audit::decided(request, peer, Some(client), &rule, Outcome::Denied, &error);
            PeerIdentityRejection::Unknown(error)
        })
    }
}

impl<S: Send + Sync, T: FromClientCert> FromRequestParts<S> for PeerIdentity<T> {
    type Rejection = PeerIdentityRejection<T::Error>;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let request = AboutRequest::new(&parts.method, &parts.uri, &parts.extensions);
        Self::find(&parts.extensions, Some(request))
    }
}

/// Why a handler did not get its [`PeerIdentity`].
///
/// The response does not tell the reason. The audit event of an unknown peer does, with the name of
/// the type as its rule.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PeerIdentityRejection<E: Error + 'static> {
    /// There is no certificate to read.
    #[error("there is no client certificate")]
    ClientCert(#[source] ClientCertRejection),

    /// The certificate does not identify anybody that the application knows: 403,
    /// `client_certificate_denied`.
    #[error("the client certificate does not identify anybody that is known here")]
    Unknown(#[source] E),
}

impl<E: Error + 'static> PeerIdentityRejection<E> {
    /// The status of the response.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::ClientCert(rejection) => rejection.status(),
            Self::Unknown(_) => ClientCertRejection::Denied.status(),
        }
    }
}

impl<E: Error + 'static> IntoResponse for PeerIdentityRejection<E> {
    fn into_response(self) -> Response {
        match self {
            Self::ClientCert(rejection) => rejection.into_response(),
            Self::Unknown(_) => ClientCertRejection::Denied.into_response(),
        }
    }
}
