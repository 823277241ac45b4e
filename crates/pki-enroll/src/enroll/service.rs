//! What the routes share: the CA, the credentials, the limits.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderMap;
use pki_core::{CertificateRequest, Profile};
use pki_store::{Actor, CertificateAuthority, Idempotency, Store};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use tokio::sync::watch;
use x509_identity::Certificate;

use super::credential::{Credential, CredentialError, CredentialRequest, Grant};
use super::limits::{EnrollLimits, Rates};
use super::refusal::Refusal;
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
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EnrollProfile {
    /// What a certificate may say.
    pub profile: Profile,
    /// How long a request waits for somebody's approval, and an approved one to be fetched; `None` where nobody has to
    /// approve. Renewals never wait.
    pub approval: Option<Duration>,
}

impl EnrollProfile {
    /// Nobody has to approve.
    #[must_use]
    pub fn new(profile: Profile) -> Self {
        Self {
            profile,
            approval: None,
        }
    }

    /// Somebody has to approve within this time.
    #[must_use]
    pub fn approved_within(mut self, period: Duration) -> Self {
        self.approval = Some(period);
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
                    self.0.rates.requester(grant.requester.as_str())?;
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
        let ca = self.ca();
        let reason = sentence(&refusal);
        let recorded = ca
            .store()
            .record_refusal(ca.name(), what, &reason, actor, now);
        match recorded.await {
            Ok(()) => refusal,
            Err(error) => Refusal::Unavailable(Some(error)),
        }
    }
}

impl EnrollmentCa {
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

/// By what a request is known again: by its key, else by its CSR. Nobody's keys meet anybody else's.
pub(crate) fn idempotency(
    requester: &Actor,
    key: Option<&str>,
    profile: &str,
    csr: &CertificateRequest,
) -> Idempotency {
    let payload: [u8; 32] = Sha256::new()
        .chain_update(profile)
        .chain_update([0])
        .chain_update(csr.der())
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
