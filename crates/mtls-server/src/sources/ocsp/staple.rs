//! The OCSP response about the server's own certificate, which is stapled to it (RFC 6066 section 8).

use std::{convert::Infallible, time::Duration};

use pki_core::{
    ocsp::{OcspRequest, OcspStatus},
    verify::is_signed_by,
};
use rustls::pki_types::CertificateDer;
use time::OffsetDateTime;
use tokio::time::{Instant, sleep};
use x509_identity::{Certificate, ParseError};

use super::query::{OcspQueryError, query, responders};
use crate::{observe::text::sentence, sources::plain_http::HttpUrl};

/// Fetches the OCSP responses that are stapled to a server's certificate.
#[derive(Clone, Debug)]
pub struct Stapler {
    leaf: Certificate,
    issuer: Certificate,
    responder: Option<HttpUrl>,
    timeout: Duration,
}

/// A verified OCSP response which says that the certificate is good.
#[derive(Clone, Debug)]
pub struct Staple {
    der: Vec<u8>,
    this_update: OffsetDateTime,
    next_update: Option<OffsetDateTime>,
}

/// Why there is nothing to staple.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StapleError {
    /// There is no valid response.
    #[error("no OCSP response about the server's certificate")]
    Query(#[source] OcspQueryError),

    /// A certificate cannot be parsed.
    #[error("a certificate of the server's chain cannot be read")]
    Certificate(#[source] ParseError),

    /// The chain does not contain the CA that issued the first certificate.
    #[error(
        "the server's chain ends before the CA that issued its certificate: name that CA's certificate"
    )]
    NoIssuer,

    /// The response says that the certificate is revoked or unknown, which is not stapled.
    #[error("the server's own certificate is not good: its issuer says \"{0}\"")]
    NotGood(OcspStatus),
}

impl Stapler {
    /// For the first certificate of `chain`. Its issuer is one of the others, or else `issuer`.
    ///
    /// # Errors
    ///
    /// [`StapleError::NoIssuer`] if it is neither, and [`StapleError::Certificate`].
    pub fn new(
        chain: &[CertificateDer<'_>],
        issuer: Option<&CertificateDer<'_>>,
    ) -> Result<Self, StapleError> {
        let mut certificates = chain
            .iter()
            .chain(issuer)
            .map(|der| Certificate::from_der(der));
        let leaf = match certificates.next() {
            Some(leaf) => leaf.map_err(StapleError::Certificate)?,
            None => return Err(StapleError::NoIssuer),
        };
        let issuers = certificates.collect::<Result<Vec<_>, _>>();
        let issued_it = |issuer: &Certificate| {
            issuer.subject_der() == leaf.issuer_der() && is_signed_by(&leaf, issuer)
        };
        let issuer = issuers
            .map_err(StapleError::Certificate)?
            .into_iter()
            .find(issued_it)
            .ok_or(StapleError::NoIssuer)?;
        Ok(Self {
            leaf,
            issuer,
            responder: None,
            timeout: Duration::from_secs(10),
        })
    }

    /// Queries this responder, whatever the certificate says.
    #[must_use]
    pub fn responder(mut self, url: HttpUrl) -> Self {
        self.responder = Some(url);
        self
    }

    /// How long a request may take in all; 10 s by default.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Fetches a response now.
    ///
    /// # Errors
    ///
    /// [`StapleError`]. The last staple can be used until it [expires](Staple::has_expired).
    pub async fn fetch(&self, now: OffsetDateTime) -> Result<Staple, StapleError> {
        let responders =
            responders(&self.leaf, self.responder.as_ref()).map_err(StapleError::Query)?;
        let request = OcspRequest::for_certificate(&self.leaf, &self.issuer);
        let deadline = Instant::now() + self.timeout;
        let response = query(&request, &responders, deadline, now)
            .await
            .map_err(StapleError::Query)?;
        match response.answer.status() {
            OcspStatus::Good => Ok(Staple {
                der: response.der,
                this_update: response.answer.this_update(),
                next_update: response.answer.next_update(),
            }),
            status => Err(StapleError::NotGood(status)),
        }
    }

    /// Fetches a staple now, and a new one whenever half of its validity period is over. `publish` gets
    /// each of them, and `None` when one has expired before there is another. Runs until it is
    /// dropped.
    pub async fn keep_fresh(
        self,
        now: impl Fn() -> OffsetDateTime,
        mut publish: impl FnMut(Option<Staple>),
    ) -> Infallible {
        let mut current: Option<Staple> = None;
        loop {
            let wait = match self.fetch(now()).await {
                Ok(staple) => {
                    let wait = staple.refresh_in(now());
                    publish(Some(staple.clone()));
                    current = Some(staple);
                    wait
                }
                Err(error) => {
                    let reason = sentence(&error);
                    tracing::warn!(target: "mtls_server", reason, "no new OCSP staple");
                    if current
                        .take_if(|staple| staple.has_expired(now()))
                        .is_some()
                    {
                        publish(None);
                    }
                    RETRY
                }
            };
            sleep(wait).await;
        }
    }
}

impl Staple {
    /// The OCSPResponse as DER: what `ocsp` of a `rustls::sign::CertifiedKey` takes.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// When the responder will have newer information. `None` means at any time.
    pub fn next_update(&self) -> Option<OffsetDateTime> {
        self.next_update
    }

    /// Whether clients would refuse it now. One without nextUpdate is taken for an hour.
    pub fn has_expired(&self, now: OffsetDateTime) -> bool {
        now >= self.end()
    }

    /// How long to wait before the next one is fetched: until half of its life is over, a minute at least.
    pub fn refresh_in(&self, now: OffsetDateTime) -> Duration {
        let half = self.this_update + (self.end() - self.this_update) / 2;
        Duration::try_from(half - now)
            .unwrap_or_default()
            .max(RETRY)
    }

    fn end(&self) -> OffsetDateTime {
        self.next_update
            .unwrap_or(self.this_update + time::Duration::HOUR)
    }
}

/// The least time between two requests, whatever the responder says.
const RETRY: Duration = Duration::from_secs(60);
