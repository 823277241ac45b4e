//! Stands in for a connection in tests of an application.

use std::{
    error::Error,
    task::{Context, Poll},
};

use axum::http::{Extensions, Request};
use pki_core::{
    AllowedNames, AllowedSubject, Authority, CertificateParameters, IssueError, KeyKind, KeyPair,
    Profile,
};
use time::OffsetDateTime;
use tower::Layer;
use tower_service::Service;
use x509_identity::{Certificate, DistinguishedName, ParseError, SubjectAltName};

use crate::{connection::identity::ConnectionIdentity, peer::client_cert::ClientCert};

/// A layer for tests of an application that gives each request what a connection gives it, above
/// all a [`ClientCert`]. It replaces the acceptor.
///
/// On a real connection of this crate it has no effect.
///
/// ```
/// use axum::{Router, routing::get};
/// use mtls_server::{ClientCert, MockClientCert};
///
/// async fn whoami(client: ClientCert) -> String {
///     client.subject().to_string()
/// }
///
/// # fn test() -> Result<Router, mtls_server::MockError> {
/// let app = Router::new().route("/whoami", get(whoami));
/// let as_alice = app.layer(MockClientCert::with_subject("CN=alice,OU=Operators,O=Example")?);
/// # Ok(as_alice)
/// # }
/// # test().map(|_| ()).unwrap();
/// ```
///
/// Rules and identities need neither a router nor a request:
///
/// ```
/// use mtls_server::{ClientCert, FromClientCert, MockClientCert, Rule};
///
/// struct Station(String);
///
/// impl FromClientCert for Station {
///     type Error = std::fmt::Error;
///
///     fn from_client_cert(client: &ClientCert) -> Result<Self, Self::Error> {
///         let name = client.common_name().ok_or(std::fmt::Error)?;
///         Ok(Self(name.to_owned()))
///     }
/// }
///
/// # fn test() -> Result<(), Box<dyn std::error::Error>> {
/// let alice = MockClientCert::with_subject("CN=alice,OU=Operators,O=Example")?;
/// let alice = alice.client().expect("it is not anonymous");
/// assert!(Rule::organizational_unit("Operators").decide(alice).is_allowed());
/// assert!(!Rule::organizational_unit("Admins").decide(alice).is_allowed());
/// assert_eq!(Station::from_client_cert(alice)?.0, "alice");
/// # Ok(())
/// # }
/// # test().unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct MockClientCert(ConnectionIdentity);

impl MockClientCert {
    /// A client with this certificate, which is not verified.
    ///
    /// # Errors
    ///
    /// [`ParseError`] if it cannot be parsed.
    pub fn from_der(der: &[u8]) -> Result<Self, ParseError> {
        Certificate::from_der(der).map(Self::holding)
    }

    /// The same, from the first certificate of a PEM file.
    ///
    /// # Errors
    ///
    /// [`ParseError`] if there is none, or if it cannot be parsed.
    pub fn from_pem(pem: &[u8]) -> Result<Self, ParseError> {
        Certificate::from_pem(pem).map(Self::holding)
    }

    /// A client with this subject, as RFC 4514 writes it, most specific first. A throw-away CA
    /// makes the certificate, which is valid for a day.
    ///
    /// # Errors
    ///
    /// [`MockError`] if it is not a distinguished name, or one that no CA should issue.
    pub fn with_subject(subject: &str) -> Result<Self, MockError> {
        Self::with_names(subject, [])
    }

    /// A client with this subject and these alternative names, as by
    /// [`with_subject`](Self::with_subject).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn with_names(
        subject: &str,
        sans: impl IntoIterator<Item = SubjectAltName>,
    ) -> Result<Self, MockError> {
        let subject = subject.parse().map_err(MockError::Subject)?;
        issue(subject, sans)
            .map(Self::holding)
            .map_err(|error| MockError::Issue(error.into()))
    }

    /// A client without a certificate, where that is allowed.
    pub fn anonymous() -> Self {
        Self(ConnectionIdentity::mock(None))
    }

    fn holding(certificate: Certificate) -> Self {
        let client = ClientCert::unverified(certificate);
        Self(ConnectionIdentity::mock(Some(client)))
    }

    /// Its certificate, which nobody has verified; `None` if it is anonymous.
    pub fn client(&self) -> Option<&ClientCert> {
        self.0.client()
    }

    /// Attaches the client to one request, as the layer does: [`ConnectionIdentity`] and
    /// `ConnectInfo<SocketAddr>` (127.0.0.1, port 0). A request of a real connection stays as it
    /// is. Use it for a request of tonic, and for a tower service that is tested alone.
    pub fn attach(&self, extensions: &mut Extensions) {
        if ConnectionIdentity::of(extensions).is_none_or(ConnectionIdentity::is_mock) {
            self.0.attach(extensions);
        }
    }
}

fn issue(
    subject: DistinguishedName,
    sans: impl IntoIterator<Item = SubjectAltName>,
) -> Result<Certificate, IssueError> {
    let key = || KeyPair::generate(KeyKind::P256).map_err(|error| IssueError::Encode(error.into()));
    let root = DistinguishedName::builder()
        .common_name("Mock CA")
        .build()
        .map_err(|error| IssueError::Encode(error.into()))?;
    let now = OffsetDateTime::now_utc();
    let root = Authority::root(root, key()?, &Profile::root(), now)?;
    let parameters = CertificateParameters::for_key(key()?.public_key_der(), subject).sans(sans);
    let mut profile = Profile::client().with_subject(AllowedSubject::any());
    profile.names = AllowedNames::any();
    let issued = root.issue(&parameters, &profile, now)?;
    Ok(issued.certificate().clone())
}

/// Why there is no [`MockClientCert`] with these names.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MockError {
    /// No CA should issue such a certificate.
    #[error("a certificate with these names cannot be issued")]
    Issue(#[source] Box<dyn Error + Send + Sync>),

    /// The subject is not a distinguished name.
    #[error("the subject is not a distinguished name as RFC 4514 writes it")]
    Subject(#[source] ParseError),
}

impl<S> Layer<S> for MockClientCert {
    type Service = MockClientCertService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        let mock = self.clone();
        MockClientCertService { mock, inner }
    }
}

/// The service of [`MockClientCert`].
#[derive(Clone, Debug)]
pub struct MockClientCertService<S> {
    mock: MockClientCert,
    inner: S,
}

impl<S: Service<Request<B>>, B> Service<Request<B>> for MockClientCertService<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        self.mock.attach(request.extensions_mut());
        self.inner.call(request)
    }
}
