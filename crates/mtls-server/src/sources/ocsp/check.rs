//! Is the certificate of this client revoked? Its issuer's responder is asked.

use std::{num::NonZeroUsize, sync::Arc, time::Duration};

use pki_core::{
    ocsp::{Nonce, OcspAnswer, OcspRequest, OcspStatus},
    verify::{Path, Revocation, RevocationReason},
};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tokio::{sync::Semaphore, time::timeout_at};
use x509_identity::Certificate;

use super::{
    ask::{OcspQueryError, ask, responders},
    cache::{Cache, Deadline},
};
use crate::sources::plain_http::HttpUrl;

/// Asks OCSP responders (RFC 6960) about clients' certificates; cheap to clone, and clones share what is
/// known.
///
/// The leaf alone is asked about, where its authority information access says, over plain http, without
/// following redirects, and within 64 KiB. An answer counts until its nextUpdate, for all connections. Of
/// any number of connections with one certificate one asks, and the others wait.
///
/// A certificate that is revoked, or that its issuer does not know, is refused. One about which there is
/// no answer is refused, too, unless [`Unanswered`] says otherwise.
///
/// ```
/// use mtls_server::{HttpUrlError, OcspCheck};
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
    /// As many questions may be under way.
    places: Arc<Semaphore>,
}

/// What becomes of a certificate about which no responder gives an answer that can be believed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Unanswered {
    /// It passes ("soft fail"): whoever can keep the server from its responder can use a revoked
    /// certificate.
    Allow,
    /// It is refused ("hard fail"): without its responder the server lets nobody in.
    #[default]
    Deny,
}

/// How a certificate passed.
#[derive(Clone, Debug)]
pub enum OcspVerdict {
    /// Its issuer says that it is good.
    Good,
    /// Nobody said anything, and [`Unanswered::Allow`] lets it pass.
    Unanswered(Arc<OcspQueryError>),
}

/// Why a certificate did not pass.
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

    /// There is no answer.
    #[error("nobody says whether {subject} is revoked")]
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
    /// A stable name for tables and audit events.
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
            places: Arc::new(Semaphore::new(QUESTIONS)),
        }
    }
}

impl OcspCheck {
    /// The strict defaults: what has no answer is refused.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks this responder about every certificate, whatever the certificate says.
    #[must_use]
    pub fn responder(mut self, url: HttpUrl) -> Self {
        self.responder = Some(url);
        self.afresh()
    }

    /// What becomes of a certificate without an answer; [`Unanswered::Deny`] by default.
    #[must_use]
    pub fn unanswered(mut self, unanswered: Unanswered) -> Self {
        self.unanswered = unanswered;
        self
    }

    /// How long a check may take in all, 3 s by default.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Asks for answers that are made for the question (RFC 9654), so that nobody can replay one from before
    /// a revocation. Not by default: many responders make their answers ahead, and this refuses those.
    #[must_use]
    pub fn nonces(mut self) -> Self {
        self.nonces = true;
        self.afresh()
    }

    /// Looks up responders' own certificates in these lists, and forgets answers from before. Without, one that is valid is believed; see
    /// [`OcspRequest::delegates`].
    #[must_use]
    pub fn delegates(mut self, revocation: Revocation) -> Self {
        self.delegates = Some(revocation);
        self.afresh()
    }

    /// How many certificates' answers are kept, 10,000 by default, at some 300 bytes each.
    #[must_use]
    pub fn cache_size(mut self, size: NonZeroUsize) -> Self {
        self.cache = Arc::new(Cache::new(size));
        self
    }

    /// Without the answers of other responders, or by other rules.
    fn afresh(mut self) -> Self {
        self.cache = Arc::new(Cache::new(self.cache.size()));
        self
    }

    /// Judges the leaf of a path that was verified. Takes no longer than the timeout.
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
        // Whoever is let in anyway need not wait for a responder that was silent a moment ago.
        let forgive = match self.unanswered {
            Unanswered::Allow => SILENCE,
            Unanswered::Deny => Duration::ZERO,
        };
        let ask = async || self.ask(leaf, issuer, now, deadline).await;
        let answer = self
            .cache
            .answer(leaf, issuer, now, deadline, forgive, ask)
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
                let why: &dyn std::error::Error = &*error;
                tracing::warn!(target: "mtls_server", error = why, "certificate passes without OCSP answer");
                Ok(OcspVerdict::Unanswered(error))
            }
            (Err(source), Unanswered::Deny) => Err(OcspRefusal::Unanswered {
                subject: subject(),
                source,
            }),
        }
    }

    async fn ask(
        &self,
        leaf: &Certificate,
        issuer: &Certificate,
        now: OffsetDateTime,
        deadline: Deadline,
    ) -> Result<OcspAnswer, OcspQueryError> {
        let responders = responders(leaf, self.responder.as_ref())?;
        let place = timeout_at(deadline.at, self.places.acquire()).await;
        let _place = place.map_err(|_| OcspQueryError::Timeout(deadline.limit))?;
        let mut question = OcspRequest::for_certificate(leaf, issuer);
        if self.nonces {
            question = question.nonce(Nonce::random());
        }
        if let Some(revocation) = &self.delegates {
            question = question.delegates(revocation);
        }
        ask(&question, &responders, deadline.at, now)
            .await
            .map(|answer| answer.answer)
    }
}

const CACHE_SIZE: NonZeroUsize = NonZeroUsize::new(10_000).expect("it is not zero");

/// A restart of the server must not be a flood for the responder.
const QUESTIONS: usize = 64;

/// How long a responder that gave no answer is left alone about one certificate.
const SILENCE: Duration = Duration::from_secs(5);
