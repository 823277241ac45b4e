//! The server of the routes: TLS with a certificate of the CA itself, which renews itself.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use mtls_server::verify::TrustAnchors;
use mtls_server::{ClientAuth, MtlsConfig, MtlsHandle, ServerIdentity, Serving};
use pki_core::{CertificateParameters, KeyKind, KeyPair, Profile, certificate_pem};
use pki_store::{Actor, Order};
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use x509_identity::{DistinguishedName, SubjectAltName};

use super::names::short_host;
use super::service::EnrollmentCa;
use crate::text::sentence;

/// A running server for [`enrollment`](crate::enrollment), with client certificates optional.
///
/// The CA issues its certificate, of 24 hours and for a key that is in this process alone. It does so again when half of
/// its validity period is over, and when the CA was replaced.
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
    /// Under which name it is in the store.
    pub profile_name: String,
}

/// Why a server was not started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnrollmentServerError {
    /// Its certificate was not issued.
    #[error("the enrolment server's certificate was not issued")]
    Issue(#[source] pki_store::IssueError),

    /// Its key was not made.
    #[error("the enrolment server's key was not made")]
    Key(#[source] pki_core::KeyError),

    /// The listener has no address.
    #[error("the enrolment server cannot listen")]
    Listen(#[source] io::Error),

    /// The certificates of the CA cannot be used by a server.
    #[error("the enrolment server cannot be set up")]
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
        let present = ca.borrow().clone();
        let (config, renew_at) = configuration(&present, &names).await?;
        let serving = mtls_server::serve(listener, router, config);
        let serving = serving.map_err(EnrollmentServerError::Listen)?;
        let renewing = tokio::spawn(renew(serving.handle(), names, ca, renew_at));
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

async fn renew(
    handle: MtlsHandle,
    names: ServerNames,
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
        match configuration(&present, &names).await {
            Ok((config, next)) => {
                handle.replace(config).await;
                renew_at = next;
                tracing::info!(target: "pki_enroll", "the enrolment server has a new certificate");
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
) -> Result<(MtlsConfig, OffsetDateTime), EnrollmentServerError> {
    use EnrollmentServerError as E;
    let key = KeyPair::generate(KeyKind::P256).map_err(E::Key)?;
    let parameters = CertificateParameters::for_key(key.public_key_der(), subject(&names.names))
        .sans(names.names.clone())
        .validity(life(&names.profile))
        .end_with_issuer();
    let now = OffsetDateTime::now_utc();
    let actor = Actor::new("enrollment-server");
    let order = Order::new(parameters, &names.profile, &names.profile_name, actor);
    let issued = ca.authority.issue(order, now).await.map_err(E::Issue)?;
    let pem = key.secret_pkcs8_pem();
    // The root, too: a device may know no more of it than the hash of its key.
    let chain: String = std::iter::once(&issued.certificate)
        .chain(&issued.issuers)
        .map(certificate_pem)
        .collect();
    let identity = ServerIdentity::from_pem(chain.as_bytes(), pem.as_bytes())
        .map_err(|error| E::Setup(error.into()))?;
    let roots = TrustAnchors::from_certs(ca.roots.iter().map(|root| root.der()))
        .map_err(|error| E::Setup(error.into()))?;
    let config = MtlsConfig::builder(identity, roots)
        .client_auth(ClientAuth::Optional)
        .build()
        .map_err(|error| E::Setup(error.into()))?;
    let (begin, end) = (issued.record.not_before, issued.record.not_after);
    Ok((config, begin + (end - begin) / 2))
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
