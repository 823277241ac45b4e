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
/// an issuer that is not in the store are answered `unauthorized`, and those of one that has no delegate `tryLater`.
/// [`Publisher`](crate::Publisher) appoints the delegates.
#[derive(Clone, Debug)]
pub struct Responder(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    validity: Duration,
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
    pub(crate) key: KeyPair,
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
        Self(Arc::new(Inner {
            store,
            validity,
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
        let Some(delegate) = found
            .delegate
            .as_ref()
            .filter(|delegate| now <= delegate.certificate.not_after())
        else {
            return unsigned(UnsignedResponse::TryLater, "try-later");
        };
        match self.sign(&request, &found.issuer, delegate, now).await {
            Ok(answer) => {
                metrics::ocsp_answered("successful");
                answer
            }
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
    ) -> Result<Answer, AnswerError> {
        let serials: Vec<_> = request.serials().collect();
        let statuses = self.0.store.statuses(issuer.id, &serials).await;
        let statuses = statuses.map_err(AnswerError::Store)?;
        let statuses: Vec<OcspStatus> = statuses.into_iter().map(said).collect();
        // A delegate is no longer asked when it has ended.
        let next_update = (now + self.0.validity).min(delegate.certificate.not_after());
        let validity = OcspValidity {
            this_update: now,
            next_update: Some(next_update),
        };
        // The key is in this process: a signature takes some 20 microseconds.
        let der =
            OcspResponder::delegate(issuer.certificate(), &delegate.certificate, &delegate.key)
                .respond(request, &statuses, validity, now)
                .map_err(AnswerError::Respond)?;
        Ok(match request.nonce() {
            Some(_) => Answer::Once(der),
            None => Answer::Reusable {
                der,
                this_update: now,
                next_update,
            },
        })
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
