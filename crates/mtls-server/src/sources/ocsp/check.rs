//! Whether the certificate of a client is revoked, according to its issuer's responder.

use std::{num::NonZeroUsize, sync::Arc, time::Duration};

use pki_core::{
    ocsp::{Nonce, OcspAnswer, OcspRequest, OcspStatus},
    verify::{Path, Revocation, RevocationReason},
};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tokio::{sync::Semaphore, time::timeout_at};
use x509_identity::Certificate;

use super::{
    cache::{Cache, Deadline},
    query::{OcspQueryError, query, responders},
};
use crate::{observe::text::sentence, sources::plain_http::HttpUrl};

/// Checks clients' certificates with OCSP (RFC 6960); cheap to clone. Clones share a cache.
///
/// Only the client's own certificate is checked, with the responder that it names. The responder is
/// queried over plain HTTP. Redirects are not followed, and a response has at most 64 KiB. It is
/// used until its nextUpdate, for all connections. If many connections with one certificate come at
/// once, one sends a request, and the others wait.
///
/// A certificate that is revoked, or that its issuer does not know, is refused. So is one about which
/// there is no valid response, unless [`Unanswered`] says otherwise.
///
/// ```
/// use mtls_server::{ocsp::OcspCheck, plain_http::HttpUrlError};
///
/// # fn main() -> Result<(), HttpUrlError> {
/// let check = OcspCheck::new()
///     .responder("http://ocsp.example.org/".parse()?)
///     .timeout(std::time::Duration::from_secs(1));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct OcspCheck {
    responder: Option<HttpUrl>,
    unanswered: Unanswered,
    timeout: Duration,
    nonces: bool,
    delegates: Option<Revocation>,
    cache: Arc<Cache>,
    /// Limits the requests that are under way.
    permits: Arc<Semaphore>,
}

/// What happens to a certificate about which there is no valid response.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Unanswered {
    /// It is accepted ("soft fail"). Somebody who can block the responder can use a revoked
    /// certificate.
    Allow,
    /// It is refused ("hard fail"). While the responder is down, the server accepts nobody.
    #[default]
    Deny,
}

/// Why a certificate was accepted.
#[derive(Clone, Debug)]
pub enum OcspVerdict {
    /// Its issuer says that it is good.
    Good,
    /// There was no valid response, and [`Unanswered::Allow`] accepts it.
    Unanswered(Arc<OcspQueryError>),
}

/// Why a certificate was refused.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OcspRefusal {
    /// Its issuer revoked it.
    #[error(
        "{subject} (serial {serial}) was revoked at {} for {reason}: use another certificate",
        stamp(date)
    )]
    Revoked {
        /// The certificate's subject.
        subject: String,
        /// Its serial number.
        serial: String,
        /// Since when.
        date: OffsetDateTime,
        /// Why.
        reason: RevocationReason,
    },

    /// There is no valid response.
    #[error("it is not known whether {subject} is revoked")]
    Unanswered {
        /// The certificate's subject.
        subject: String,
        /// Why not.
        source: Arc<OcspQueryError>,
    },

    /// Its issuer does not know it.
    #[error("the issuer of {subject} (serial {serial}) does not know that certificate")]
    Unknown {
        /// The certificate's subject.
        subject: String,
        /// Its serial number.
        serial: String,
    },
}

impl OcspRefusal {
    /// A stable code for tables and audit events.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Revoked { .. } => "revoked",
            Self::Unanswered { .. } => "ocsp-unanswered",
            Self::Unknown { .. } => "ocsp-unknown",
        }
    }
}

fn stamp(time: &OffsetDateTime) -> String {
    time.format(&Rfc3339).unwrap_or_else(|_| time.to_string())
}

impl Default for OcspCheck {
    fn default() -> Self {
        Self {
            responder: None,
            unanswered: Unanswered::default(),
            timeout: Duration::from_secs(3),
            nonces: false,
            delegates: None,
            cache: Arc::new(Cache::new(CACHE_SIZE)),
            permits: Arc::new(Semaphore::new(REQUESTS)),
        }
    }
}

impl OcspCheck {
    /// The strict defaults: a certificate without a valid response is refused.
    pub fn new() -> Self {
        Self::default()
    }

    /// Queries this responder about every certificate, whatever the certificate says.
    #[must_use]
    pub fn responder(mut self, url: HttpUrl) -> Self {
        self.responder = Some(url);
        self.afresh()
    }

    /// What happens without a valid response; [`Unanswered::Deny`] by default.
    #[must_use]
    pub fn unanswered(mut self, unanswered: Unanswered) -> Self {
        self.unanswered = unanswered;
        self
    }

    /// How long a check may take in all; 3 s by default.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sends nonces (RFC 9654) and requires them in responses, so that nobody can replay a response
    /// from before a revocation. Not by default, because many responders sign their responses ahead
    /// of time, and such responses are refused then.
    #[must_use]
    pub fn nonces(mut self) -> Self {
        self.nonces = true;
        self.afresh()
    }

    /// Checks the certificates of delegated responders against these CRLs. By default, a delegate whose
    /// certificate is valid is trusted; see [`OcspRequest::delegates`]. Clears the cache.
    #[must_use]
    pub fn delegates(mut self, revocation: Revocation) -> Self {
        self.delegates = Some(revocation);
        self.afresh()
    }

    /// How many responses are cached; 10,000 by default, of some 300 bytes each.
    #[must_use]
    pub fn cache_size(mut self, size: NonZeroUsize) -> Self {
        self.cache = Arc::new(Cache::new(size));
        self
    }

    /// With an empty cache, as the responses in it are from other responders or by other rules.
    fn afresh(mut self) -> Self {
        self.cache = Arc::new(Cache::new(self.cache.size()));
        self
    }

    /// Checks the leaf of a verified path. Takes no longer than the timeout.
    ///
    /// # Errors
    ///
    /// [`OcspRefusal`] with the reason.
    pub async fn check(
        &self,
        path: &Path,
        now: OffsetDateTime,
    ) -> Result<OcspVerdict, OcspRefusal> {
        let leaf = path.leaf();
        let issuer = path.intermediates().first().unwrap_or(path.anchor());
        let deadline = Deadline::within(self.timeout);
        // A client that is accepted anyway does not wait for a responder that has just failed.
        let forgive = match self.unanswered {
            Unanswered::Allow => SILENCE,
            Unanswered::Deny => Duration::ZERO,
        };
        let query = async || self.query(leaf, issuer, now, deadline).await;
        let answer = self
            .cache
            .answer(leaf, issuer, now, deadline, forgive, query)
            .await;
        let subject = || leaf.subject().to_string();
        let serial = || leaf.serial().to_string();
        match (answer.map(|answer| answer.status()), self.unanswered) {
            (Ok(OcspStatus::Good), _) => Ok(OcspVerdict::Good),
            (Ok(OcspStatus::Revoked { date, reason }), _) => Err(OcspRefusal::Revoked {
                subject: subject(),
                serial: serial(),
                date,
                reason,
            }),
            (Ok(OcspStatus::Unknown), _) => Err(OcspRefusal::Unknown {
                subject: subject(),
                serial: serial(),
            }),
            (Err(error), Unanswered::Allow) => {
                let reason = sentence(&*error);
                tracing::warn!(target: "mtls_server", reason, "certificate is accepted without an OCSP response");
                Ok(OcspVerdict::Unanswered(error))
            }
            (Err(source), Unanswered::Deny) => Err(OcspRefusal::Unanswered {
                subject: subject(),
                source,
            }),
        }
    }

    async fn query(
        &self,
        leaf: &Certificate,
        issuer: &Certificate,
        now: OffsetDateTime,
        deadline: Deadline,
    ) -> Result<OcspAnswer, OcspQueryError> {
        let responders = responders(leaf, self.responder.as_ref())?;
        let permit = timeout_at(deadline.at, self.permits.acquire()).await;
        let _permit = permit.map_err(|_| OcspQueryError::Timeout(deadline.limit))?;
        let mut request = OcspRequest::for_certificate(leaf, issuer);
        if self.nonces {
            request = request.nonce(Nonce::random());
        }
        if let Some(revocation) = &self.delegates {
            request = request.delegates(revocation);
        }
        query(&request, &responders, deadline.at, now)
            .await
            .map(|response| response.answer)
    }
}

const CACHE_SIZE: NonZeroUsize = NonZeroUsize::new(10_000).expect("it is not zero");

/// So that a restart of the server does not flood the responder.
const REQUESTS: usize = 64;

/// How long a responder that failed is not queried again about the same certificate.
const SILENCE: Duration = Duration::from_secs(5);
