//! The server of the routes: TLS with a certificate of the CA itself, which renews itself.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::uri::Authority;
use axum::middleware::from_fn_with_state;
use axum::{Extension, Router};
use mtls_server::verify::TrustAnchors;
use mtls_server::{ClientAuth, MtlsConfig, MtlsHandle, ServerIdentity, Serving};
use pki_core::{
    CertificateParameters, CertificateRequest, KeyKind, KeyPair, Profile, certificate_pem,
};
use pki_store::{Actor, IssuerRole, IssuerState, Order, StoreError};
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use x509_identity::{Certificate, DistinguishedName, SubjectAltName};

use super::names::short_host;
use super::server_certificates::{self, only_renewals};
use super::service::EnrollmentCa;
use crate::text::sentence;

/// A running server for [`enrollment`](crate::enrollment), with client certificates optional; or for what is for clients of
/// the CA alone.
///
/// The CA issues its certificate, of 24 hours and for a key that is in this process alone. It does so again when half of
/// its validity period is over, and when the CA was replaced.
///
/// HTTP/1.1 is spoken, and 1.0, since EST clients speak nothing else, over TLS 1.2 or 1.3. A certificate of the CA that is for servers
/// alone is accepted, too: it renews itself, and every other route that is not for everybody is closed to it.
#[derive(Debug)]
#[must_use = "its certificate is not renewed after this is dropped"]
pub struct EnrollmentServer {
    serving: Serving,
    renewing: JoinHandle<()>,
}

/// The certificate of an [`EnrollmentServer`].
#[derive(Clone, Debug)]
pub struct ServerNames {
    /// What clients call the server: the alternative names.
    pub names: Vec<SubjectAltName>,
    /// The profile that its certificate is issued within; its role is [`Server`](pki_core::Role::Server).
    pub profile: Profile,
    /// The name of the same profile among those of the CA. What it says then is used, since the URLs in it change when the CA
    /// is rotated; `profile` is where the CA has none of this name.
    pub profile_of_ca: Option<String>,
    /// Under which name it is in the store.
    pub profile_name: String,
}

/// What the server is called, for what depends on the host that a request names.
#[derive(Clone, Debug)]
pub(crate) struct OwnNames(Arc<[SubjectAltName]>);

impl OwnNames {
    fn of(server: &ServerNames) -> Self {
        Self(server.names.as_slice().into())
    }

    /// Whether a `Host` (RFC 9110 section 7.2) is one of them, whatever its port.
    pub(crate) fn have(&self, host: &str) -> bool {
        let Ok(authority) = host.parse::<Authority>() else {
            return false;
        };
        self.0.iter().any(|name| name.is_of_host(authority.host()))
    }
}

/// Why a server was not started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnrollmentServerError {
    /// Its certificate was not issued.
    #[error("the server's own certificate was not issued")]
    Issue(#[source] pki_store::IssueError),

    /// Its key was not made.
    #[error("the server's own key was not made")]
    Key(#[source] pki_core::KeyError),

    /// The listener has no address.
    #[error("the server cannot listen")]
    Listen(#[source] io::Error),

    /// The certificates of the CA cannot be used by a server.
    #[error("the server cannot be set up")]
    Setup(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl EnrollmentServer {
    /// Serves `router` on `listener`, by the CA that `ca` has.
    ///
    /// # Errors
    ///
    /// [`EnrollmentServerError`] says what is in the way.
    pub async fn start(
        listener: TcpListener,
        router: Router,
        names: ServerNames,
        ca: watch::Receiver<Arc<EnrollmentCa>>,
    ) -> Result<Self, EnrollmentServerError> {
        let router = router
            .layer(from_fn_with_state(ca.clone(), only_renewals))
            .layer(Extension(OwnNames::of(&names)));
        Self::start_with(ClientAuth::Optional, listener, router, names, ca).await
    }

    /// The same for a router that is for clients of the CA alone: who presents no certificate is refused in TLS.
    ///
    /// Revocation is not checked here; the router asks the store.
    ///
    /// # Errors
    ///
    /// [`EnrollmentServerError`] says what is in the way.
    pub async fn start_for_clients(
        listener: TcpListener,
        router: Router,
        names: ServerNames,
        ca: watch::Receiver<Arc<EnrollmentCa>>,
    ) -> Result<Self, EnrollmentServerError> {
        Self::start_with(ClientAuth::Required, listener, router, names, ca).await
    }

    async fn start_with(
        clients: ClientAuth,
        listener: TcpListener,
        router: Router,
        names: ServerNames,
        ca: watch::Receiver<Arc<EnrollmentCa>>,
    ) -> Result<Self, EnrollmentServerError> {
        let present = ca.borrow().clone();
        let (config, renew_at) = configuration(&present, &names, clients).await?;
        let serving = mtls_server::serve(listener, router, config);
        let serving = serving.map_err(EnrollmentServerError::Listen)?;
        let renewing = tokio::spawn(renew(serving.handle(), names, clients, ca, renew_at));
        Ok(Self { serving, renewing })
    }

    /// Where it listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.serving.local_addr()
    }

    /// Operates it: denies clients at once, and reports its status.
    #[must_use]
    pub fn handle(&self) -> MtlsHandle {
        self.serving.handle()
    }

    /// Accepts no more connections, and waits until running requests have their response, for up to `grace`.
    pub async fn stop(self, grace: Duration) {
        self.renewing.abort();
        // What runs longer is closed.
        let _ = self.serving.graceful_shutdown(grace).await;
    }
}

impl Drop for EnrollmentServer {
    fn drop(&mut self) {
        self.renewing.abort();
    }
}

impl ServerNames {
    /// The profile as it is now.
    fn profile_within<'a>(&'a self, ca: &'a EnrollmentCa) -> &'a Profile {
        let of_ca = self.profile_of_ca.as_ref();
        let of_ca = of_ca.and_then(|name| ca.profiles.get(name));
        let of_ca = of_ca.map(|it| &it.profile);
        of_ca
            .filter(|it| it.role == self.profile.role)
            .unwrap_or(&self.profile)
    }
}

async fn renew(
    handle: MtlsHandle,
    names: ServerNames,
    clients: ClientAuth,
    mut ca: watch::Receiver<Arc<EnrollmentCa>>,
    mut renew_at: OffsetDateTime,
) {
    loop {
        let left = renew_at - OffsetDateTime::now_utc();
        let left = Duration::try_from(left).unwrap_or_default().min(LONGEST);
        let replaced = tokio::select! {
            changed = ca.changed() => changed.is_ok(),
            () = sleep(left) => false,
        };
        if !replaced && OffsetDateTime::now_utc() < renew_at {
            continue;
        }
        let present = ca.borrow_and_update().clone();
        match configuration(&present, &names, clients).await {
            Ok((config, next)) => {
                handle.replace(config).await;
                renew_at = next;
                let server = names.profile_name.as_str();
                tracing::info!(target: "pki_enroll", server, "the server has a new certificate");
            }
            Err(error) => {
                tracing::error!(target: "pki_enroll", "{}", sentence(&error));
                sleep(AFTER_FAILURE).await;
            }
        }
    }
}

/// Settings with a new certificate, and when half of its validity period is over.
async fn configuration(
    ca: &EnrollmentCa,
    names: &ServerNames,
    clients: ClientAuth,
) -> Result<(MtlsConfig, OffsetDateTime), EnrollmentServerError> {
    use EnrollmentServerError as E;
    let profile = names.profile_within(ca);
    let key = KeyPair::generate(KeyKind::P256).map_err(E::Key)?;
    let subject = subject(&names.names);
    let csr = CertificateRequest::build(&key, &subject, &names.names);
    let csr = csr.map_err(|error| E::Setup(error.into()))?;
    let parameters = CertificateParameters::for_key(key.public_key_der(), subject)
        .sans(names.names.clone())
        .proven_by(&csr)
        .validity(life(profile))
        .end_with_issuer();
    let now = OffsetDateTime::now_utc();
    let actor = Actor::new(&names.profile_name);
    let order = Order::new(parameters, profile, &names.profile_name, actor);
    let issued = ca.authority.issue(order, now).await.map_err(E::Issue)?;
    let pem = key.secret_pkcs8_pem();
    // The root, too: a device may know no more of it than the hash of its key.
    let chain: String = std::iter::once(&issued.certificate)
        .chain(issued.issuers.iter())
        .map(certificate_pem)
        .collect();
    let identity = ServerIdentity::from_pem(chain.as_bytes(), pem.as_bytes())
        .map_err(|error| E::Setup(error.into()))?;
    let anchors = match clients {
        ClientAuth::Optional => anchors(ca).await.map_err(|error| E::Setup(error.into()))?,
        ClientAuth::Required => ca.roots.clone(),
    };
    let roots = TrustAnchors::from_certs(anchors.iter().map(Certificate::der))
        .map_err(|error| E::Setup(error.into()))?;
    let config = MtlsConfig::builder(identity, roots).client_auth(clients);
    let config = match clients {
        // Certificates of servers, which renew themselves here; and EST, which is of HTTP/1.1.
        ClientAuth::Optional => config
            .accept_without_client_auth(server_certificates::accepted(&anchors))
            .alpn(["http/1.1", "http/1.0"]),
        ClientAuth::Required => config,
    };
    let config = config.build().map_err(|error| E::Setup(error.into()))?;
    let (begin, end) = (issued.record.not_before, issued.record.not_after);
    Ok((config, begin + (end - begin) / 2))
}

/// The roots, and the CAs that issue or have issued: an EST client has its own certificate and none of those above it.
async fn anchors(ca: &EnrollmentCa) -> Result<Vec<Certificate>, StoreError> {
    let mut anchors = ca.roots.clone();
    for issuer in ca.store().issuers().await? {
        let issues = issuer.ca == ca.name() && issuer.role == IssuerRole::Issuing;
        let certificate = issuer.certificate();
        if issues && issuer.state != IssuerState::Retired && !anchors.contains(certificate) {
            anchors.push(certificate.clone());
        }
    }
    Ok(anchors)
}

/// A day, or what comes next to it within the profile: each process has one of its own, and leaves it behind.
fn life(profile: &Profile) -> time::Duration {
    let limits = profile.validity;
    let day = Duration::from_secs(24 * 3600);
    let life = day.clamp(limits.min, limits.max.max(limits.min));
    time::Duration::try_from(life).unwrap_or(time::Duration::DAY)
}

/// The first host name as common name, where it is short enough.
fn subject(names: &[SubjectAltName]) -> DistinguishedName {
    short_host(names)
        .and_then(|name| DistinguishedName::builder().common_name(name).build().ok())
        .unwrap_or_default()
}

const AFTER_FAILURE: Duration = Duration::from_secs(30);
/// A clock may be set, and a machine may sleep.
const LONGEST: Duration = Duration::from_secs(60);
