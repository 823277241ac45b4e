//! Answering for the issuers of a store.

use std::error::Error;
use std::sync::{Arc, PoisonError, RwLock};

use pki_core::KeyPair;
use pki_core::ocsp::{
    IncomingRequest, OcspResponder, OcspStatus, OcspValidity, RespondError, UnsignedResponse,
};
use pki_store::{CertificateStatus, Issuer, Store, StoreError};
use time::{Duration, OffsetDateTime};
use x509_identity::Certificate;

use crate::observe::metrics;

/// Answers OCSP requests from a store, for each issuer by a delegate of that issuer. Cheap to clone: all clones are one.
///
/// A serial number that the store does not know is answered `unknown`, and never `good`. Requests about certificates of
/// an issuer that is not in the store are answered `unauthorized`, and those of one that has no delegate `tryLater`, as are
/// all while the clock of this process is known to be wrong. [`Publisher`](crate::Publisher) appoints the delegates.
#[derive(Clone, Debug)]
pub struct Responder(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    validity: Duration,
    is_behind: bool,
    answering: RwLock<Arc<[Answering]>>,
}

/// An issuer, and who answers for it.
#[derive(Clone, Debug)]
pub(crate) struct Answering {
    pub(crate) issuer: Issuer,
    pub(crate) delegate: Option<Arc<Delegate>>,
}

/// Who signs for an issuer: a certificate that it has issued for that, and its key.
#[derive(Debug)]
pub(crate) struct Delegate {
    pub(crate) certificate: Certificate,
    pub(crate) key: Arc<KeyPair>,
}

/// A response.
pub(super) enum Answer {
    /// To be sent once: it repeats a nonce, or is not signed.
    Once(Vec<u8>),
    /// The same for everybody.
    Reusable {
        der: Vec<u8>,
        this_update: OffsetDateTime,
        next_update: OffsetDateTime,
    },
}

impl Answer {
    pub(super) fn into_der(self) -> Vec<u8> {
        match self {
            Self::Once(der) | Self::Reusable { der, .. } => der,
        }
    }
}

/// Why there is no signed response, where that is not the client's mistake.
#[derive(Debug, thiserror::Error)]
enum AnswerError {
    #[error("an OCSP response could not be made")]
    Respond(#[source] RespondError),

    #[error("the store does not say what is revoked")]
    Store(#[source] StoreError),
}

impl Responder {
    /// A responder whose responses count for an hour.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self::with_validity(store, Duration::HOUR)
    }

    /// A responder whose responses count for `validity`, which their nextUpdate says.
    #[must_use]
    pub fn with_validity(store: Store, validity: Duration) -> Self {
        Self::of(store, validity, false)
    }

    /// A responder on a standby, which knows what the primary has written some time ago. Its responses are as of that time,
    /// by thisUpdate, and count for `validity` from then on. When that is over, and about serial numbers that have not
    /// reached it, or that nobody knows, it answers `tryLater`.
    ///
    /// Up to when it knows everything is said by [`Store::known_until`]: some process has to [`beat`](Store::beat).
    #[must_use]
    pub fn on_standby(store: Store, validity: Duration) -> Self {
        Self::of(store, validity, true)
    }

    fn of(store: Store, validity: Duration, is_behind: bool) -> Self {
        Self(Arc::new(Inner {
            store,
            validity,
            is_behind,
            answering: RwLock::new(Arc::new([])),
        }))
    }

    pub(crate) fn appoint(&self, answering: Vec<Answering>) {
        let mut known = self.0.answering.write();
        **known.as_mut().unwrap_or_else(PoisonError::get_mut) = answering.into();
    }

    fn answering(&self) -> Arc<[Answering]> {
        let known = self.0.answering.read();
        Arc::clone(&known.unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) async fn answer(&self, request: &[u8], now: OffsetDateTime) -> Answer {
        let unsigned = |response: UnsignedResponse, word| {
            metrics::ocsp_answered(word);
            Answer::Once(response.to_der())
        };
        let Ok(request) = IncomingRequest::from_der(request) else {
            return unsigned(UnsignedResponse::MalformedRequest, "malformed-request");
        };
        let answering = self.answering();
        let mut issuers = answering.iter();
        let Some(found) = issuers.find(|it| request.is_about(it.issuer.certificate())) else {
            return unsigned(UnsignedResponse::Unauthorized, "unauthorized");
        };
        let knows_the_time = self.0.store.clock_state().may_sign();
        let Some(delegate) = found
            .delegate
            .as_ref()
            .filter(|delegate| knows_the_time && now <= delegate.certificate.not_after())
        else {
            return unsigned(UnsignedResponse::TryLater, "try-later");
        };
        match self.sign(&request, &found.issuer, delegate, now).await {
            Ok(Some(answer)) => {
                metrics::ocsp_answered("successful");
                answer
            }
            Ok(None) => unsigned(UnsignedResponse::TryLater, "try-later"),
            Err(error) => {
                let cause = error.source();
                tracing::error!(target: "pki_enroll", cause, "{error}");
                unsigned(UnsignedResponse::InternalError, "internal-error")
            }
        }
    }

    async fn sign(
        &self,
        request: &IncomingRequest,
        issuer: &Issuer,
        delegate: &Delegate,
        now: OffsetDateTime,
    ) -> Result<Option<Answer>, AnswerError> {
        // Before the statuses: what is known up to then can only have become more.
        let Some(this_update) = self.known_until(now).await? else {
            return Ok(None);
        };
        let serials: Vec<_> = request.serials().collect();
        let statuses = self.0.store.statuses(issuer.id, &serials).await;
        let statuses = statuses.map_err(AnswerError::Store)?;
        let statuses: Vec<OcspStatus> = statuses.into_iter().map(said).collect();
        // A delegate is no longer asked when it has ended.
        let next_update = (this_update + self.0.validity).min(delegate.certificate.not_after());
        let is_unknown = |status: &OcspStatus| matches!(status, OcspStatus::Unknown);
        if self.0.is_behind && (now >= next_update || statuses.iter().any(is_unknown)) {
            return Ok(None);
        }
        let validity = OcspValidity {
            this_update,
            next_update: Some(next_update),
        };
        // The key is in this process: a signature takes some 20 microseconds.
        let der =
            OcspResponder::delegate(issuer.certificate(), &delegate.certificate, &delegate.key)
                .respond(request, &statuses, validity, now)
                .map_err(AnswerError::Respond)?;
        Ok(Some(match request.nonce() {
            Some(_) => Answer::Once(der),
            None => Answer::Reusable {
                der,
                this_update,
                next_update,
            },
        }))
    }

    /// Up to when the store knows everything: now, where it is what the CA itself writes.
    async fn known_until(
        &self,
        now: OffsetDateTime,
    ) -> Result<Option<OffsetDateTime>, AnswerError> {
        if !self.0.is_behind {
            return Ok(Some(now));
        }
        let until = self.0.store.known_until(now).await;
        until.map_err(AnswerError::Store)
    }
}

fn said(status: CertificateStatus) -> OcspStatus {
    match status {
        CertificateStatus::Good => OcspStatus::Good,
        CertificateStatus::Revoked { at, reason } => OcspStatus::Revoked { date: at, reason },
        // What a newer store may say is not good.
        _ => OcspStatus::Unknown,
    }
}
