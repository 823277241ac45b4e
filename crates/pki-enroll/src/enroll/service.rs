//! What the routes share: the CA, the credentials, the limits.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, Request};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::Response;
use pki_core::{CertificateRequest, Profile};
use pki_store::{Actor, CertificateAuthority, Idempotency, Store};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use tokio::sync::watch;
use tokio::time::timeout;
use x509_identity::Certificate;

use super::credential::{Credential, CredentialError, CredentialRequest, Grant};
use super::limits::{EnrollLimits, Excess, Rates};
use super::refusal::Refusal;
use crate::attest::judge::Attested;
use crate::attest::requirement::AttestationRequirement;
use crate::text::sentence;

/// The CA that certificates are asked of, at one moment.
#[derive(Clone, Debug)]
pub struct EnrollmentCa {
    /// The issuing CA.
    pub authority: CertificateAuthority,
    /// What may be asked for, by name.
    pub profiles: BTreeMap<String, EnrollProfile>,
    /// What a client has to trust.
    pub roots: Vec<Certificate>,
}

/// A profile, and how certificates of it are given out.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct EnrollProfile {
    /// What a certificate may say.
    pub profile: Profile,
    /// How long a request waits for somebody's approval, and an approved one to be fetched; `None` where nobody has to
    /// approve. Renewals never wait.
    pub approval: Option<Duration>,
    /// The profiles in which the holder of a certificate of this one may ask for a first certificate, with the names that
    /// the certificate has (RFC 7030 section 3.3.2); none by default.
    pub enrolls_for: BTreeSet<String>,
    /// What devices have to prove; `None` where evidence is not taken.
    pub attestation: Option<Arc<AttestationRequirement>>,
}

impl EnrollProfile {
    /// Nobody has to approve.
    #[must_use]
    pub fn new(profile: Profile) -> Self {
        Self {
            profile,
            approval: None,
            enrolls_for: BTreeSet::new(),
            attestation: None,
        }
    }

    /// Somebody has to approve within this time.
    #[must_use]
    pub fn approved_within(mut self, period: Duration) -> Self {
        self.approval = Some(period);
        self
    }

    /// Devices have to prove this. Protocols that carry no evidence, such as EST, give out no certificate of it.
    #[must_use]
    pub fn attested(mut self, requirement: AttestationRequirement) -> Self {
        self.attestation = Some(Arc::new(requirement));
        self
    }

    /// Its certificates may be used to ask for a first certificate in these profiles.
    #[must_use]
    pub fn enrolls_for<T: Into<String>>(mut self, profiles: impl IntoIterator<Item = T>) -> Self {
        self.enrolls_for = profiles.into_iter().map(Into::into).collect();
        self
    }
}

/// The service behind the [`enrollment`](crate::enrollment) routes. Clones are the same service.
#[derive(Clone)]
pub struct Enrollment(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    ca: watch::Receiver<Arc<EnrollmentCa>>,
    credentials: Vec<Box<dyn Credential>>,
    pub(crate) limits: EnrollLimits,
    pub(crate) rates: Rates,
}

impl Enrollment {
    /// A service that takes no credential yet, and so only renews and revokes.
    #[must_use]
    pub fn new(ca: EnrollmentCa) -> Self {
        Self::following(watch::channel(Arc::new(ca)).1)
    }

    /// The same, with a CA that may change, as when it is rotated.
    #[must_use]
    pub fn following(ca: watch::Receiver<Arc<EnrollmentCa>>) -> Self {
        let limits = EnrollLimits::default();
        Self(Arc::new(Inner {
            ca,
            credentials: Vec::new(),
            rates: Rates::new(&limits),
            limits,
        }))
    }

    /// Takes this kind of credential, too. Of several in a request the kind that was added first counts.
    ///
    /// # Panics
    ///
    /// If the service is in use already.
    #[must_use]
    pub fn credential(mut self, credential: impl Credential + 'static) -> Self {
        self.inner().credentials.push(Box::new(credential));
        self
    }

    /// Other limits than the default ones.
    ///
    /// # Panics
    ///
    /// If the service is in use already.
    #[must_use]
    pub fn limits(mut self, limits: EnrollLimits) -> Self {
        let inner = self.inner();
        inner.rates = Rates::new(&limits);
        inner.limits = limits;
        self
    }

    fn inner(&mut self) -> &mut Inner {
        Arc::get_mut(&mut self.0).expect("settings come before the service is used")
    }

    pub(crate) fn ca(&self) -> Arc<EnrollmentCa> {
        self.0.ca.borrow().clone()
    }

    /// What the credential of a request entitles to.
    pub(crate) async fn grant(
        &self,
        ca: &EnrollmentCa,
        headers: &HeaderMap,
        csr: Option<&CertificateRequest>,
        now: OffsetDateTime,
    ) -> Result<Grant, Refusal> {
        for credential in &self.0.credentials {
            let request = CredentialRequest {
                ca: ca.name(),
                headers,
                csr,
                now,
            };
            match credential.check(request).await {
                Ok(Some(grant)) => {
                    self.paced(ca, &grant.requester, now).await?;
                    return Ok(grant);
                }
                Ok(None) => {}
                Err(CredentialError::Refused(reason)) => {
                    return Err(Refusal::CredentialRefused(reason));
                }
                Err(CredentialError::Unavailable(error)) => return Err(error.into()),
            }
        }
        Err(Refusal::CredentialRequired)
    }

    /// Whether a requester keeps within the limit on what it may ask.
    pub(crate) async fn paced(
        &self,
        ca: &EnrollmentCa,
        requester: &Actor,
        now: OffsetDateTime,
    ) -> Result<(), Refusal> {
        self.paced_as(ca, requester.as_str(), requester, now).await
    }

    /// The same of a requester who is limited together with others, under this name.
    pub(crate) async fn paced_as(
        &self,
        ca: &EnrollmentCa,
        limited: &str,
        requester: &Actor,
        now: OffsetDateTime,
    ) -> Result<(), Refusal> {
        match self.0.rates.requester(limited) {
            Ok(()) => Ok(()),
            Err(excess) => Err(ca.too_many(excess, "requests", requester, now).await),
        }
    }

    /// Has a request answered, within the limits on what an address may ask, and on how long it takes.
    pub(crate) async fn limited(&self, request: Request, next: Next) -> Result<Response, Refusal> {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
        if let Some(ConnectInfo(peer)) = peer
            && let Err(excess) = self.0.rates.address(peer.ip())
        {
            let ca = self.ca();
            return Err(ca.too_many_from(excess, "requests", peer.ip()).await);
        }
        let answer = timeout(self.0.limits.answer, next.run(request)).await;
        answer.map_err(|_| Refusal::Unavailable(None))
    }
}

impl EnrollmentCa {
    /// Writes down what was refused, and passes it on.
    pub(crate) async fn refused(
        &self,
        refusal: Refusal,
        what: &str,
        actor: &Actor,
        now: OffsetDateTime,
    ) -> Refusal {
        if !refusal.is_to_be_recorded() {
            return refusal;
        }
        let reason = sentence(&refusal);
        self.recorded(refusal, what, &reason, actor, now).await
    }

    /// A refusal of what is too much, which is written down once in a minute for each requester or address.
    pub(crate) async fn too_many(
        &self,
        excess: Excess,
        what: &str,
        actor: &Actor,
        now: OffsetDateTime,
    ) -> Refusal {
        let Excess {
            retry_after,
            untold,
        } = excess;
        let refusal = Refusal::TooMany { retry_after };
        let Some(untold) = untold else {
            return refusal;
        };
        let reason = match untold {
            0 => "too many in a minute".to_owned(),
            more => format!("too many in a minute, and {more} that were refused before"),
        };
        self.recorded(refusal, what, &reason, actor, now).await
    }

    /// The same for an address.
    pub(crate) async fn too_many_from(
        &self,
        excess: Excess,
        what: &str,
        address: IpAddr,
    ) -> Refusal {
        let actor = Actor::new(format!("address:{}", address.to_canonical()));
        self.too_many(excess, what, &actor, now()).await
    }

    /// `refusal`, once it is in the audit log.
    async fn recorded(
        &self,
        refusal: Refusal,
        what: &str,
        reason: &str,
        actor: &Actor,
        now: OffsetDateTime,
    ) -> Refusal {
        let recorded = self
            .store()
            .record_refusal(self.name(), what, reason, actor, now);
        match recorded.await {
            Ok(()) => refusal,
            Err(error) => Refusal::Unavailable(Some(error)),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.authority.issuer().ca
    }

    pub(crate) fn store(&self) -> &Store {
        self.authority.store()
    }

    pub(crate) fn profile(&self, name: &str) -> Result<&EnrollProfile, Refusal> {
        self.profiles
            .get(name)
            .ok_or_else(|| Refusal::Profile(name.to_owned()))
    }
}

impl fmt::Debug for Enrollment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Enrollment")
            .field("limits", &self.0.limits)
            .finish_non_exhaustive()
    }
}

/// By what a request is known again: by its key, else by its CSR. Nobody's keys meet anybody else's. Where evidence came
/// with it, it is another request with another challenge, however long ago the first one was.
pub(crate) fn idempotency(
    requester: &Actor,
    key: Option<&str>,
    profile: &str,
    csr: &CertificateRequest,
    attested: Option<&Attested>,
) -> Idempotency {
    let challenge = attested.map(|it| it.used.challenge.as_bytes().as_slice());
    let payload: [u8; 32] = Sha256::new()
        .chain_update(profile)
        .chain_update([0])
        .chain_update(csr.der())
        .chain_update(challenge.unwrap_or_default())
        .finalize()
        .into();
    let of_requester = Sha256::new()
        .chain_update(requester.as_str())
        .chain_update([0]);
    let hash = match key {
        Some(key) => of_requester.chain_update([1]).chain_update(key),
        None => of_requester.chain_update([2]).chain_update(payload),
    };
    Idempotency {
        key: format!(
            "enroll:{}",
            base16ct::lower::encode_string(&hash.finalize())
        ),
        payload_sha256: payload,
    }
}

/// The present time in whole seconds, as stores and certificates have it.
pub(crate) fn now() -> OffsetDateTime {
    let now = OffsetDateTime::now_utc();
    now.replace_nanosecond(0).unwrap_or(now)
}
