//! One question to one responder after the other, until there is an answer.

use axum::{
    body::Bytes,
    http::{
        HeaderMap, HeaderValue, Method,
        header::{ACCEPT, CONTENT_TYPE},
    },
};
use pki_core::ocsp::{MAX_RESPONSE_LEN, OcspAnswer, OcspError, OcspRequest, responder_urls};
use std::time::Duration;
use time::OffsetDateTime;
use tokio::time::Instant;
use x509_identity::Certificate;

use crate::sources::plain_http::{Bounds, HttpError, HttpUrl, HttpUrlError, exchange};

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OcspQueryError {
    /// The responder cannot be reached, or does not answer with 200.
    #[error("OCSP responder {url} cannot be asked")]
    Http {
        /// The responder.
        url: String,
        /// What happened.
        source: HttpError,
    },

    /// The certificate names no responder, and none is configured.
    #[error("the certificate names no OCSP responder")]
    NoResponder,

    /// What the responder answered cannot be believed.
    #[error("the answer of OCSP responder {url} is not believed")]
    NotBelieved {
        /// The responder.
        url: String,
        /// Why not.
        source: OcspError,
    },

    /// The question could not be written down.
    #[error("the OCSP question cannot be asked")]
    Request(#[source] OcspError),

    /// There was no answer in time, or no turn to ask.
    #[error("no OCSP answer within {0:?}")]
    Timeout(Duration),

    /// The certificate names a responder that is not asked.
    #[error("the certificate's OCSP responder cannot be asked")]
    Url(#[source] HttpUrlError),
}

/// An answer that was verified, and its bytes.
pub(super) struct Answer {
    pub(super) answer: OcspAnswer,
    pub(super) der: Vec<u8>,
}

/// Where to ask about `certificate`: at `instead`, or where it says itself.
pub(super) fn responders(
    certificate: &Certificate,
    instead: Option<&HttpUrl>,
) -> Result<Vec<HttpUrl>, OcspQueryError> {
    if let Some(url) = instead {
        return Ok(vec![url.clone()]);
    }
    let mut urls = Vec::new();
    let mut unfit = None;
    for text in responder_urls(certificate).iter().take(MAX_RESPONDERS) {
        match text.parse() {
            Ok(url) => urls.push(url),
            Err(error) => unfit = Some(error),
        }
    }
    match unfit {
        _ if !urls.is_empty() => Ok(urls),
        Some(error) => Err(OcspQueryError::Url(error)),
        None => Err(OcspQueryError::NoResponder),
    }
}

/// Asks until one answer is believed, or `deadline` has passed.
///
/// # Errors
///
/// The first responder's.
pub(super) async fn ask(
    question: &OcspRequest<'_>,
    responders: &[HttpUrl],
    deadline: Instant,
    now: OffsetDateTime,
) -> Result<Answer, OcspQueryError> {
    let request = Bytes::from(question.to_der().map_err(OcspQueryError::Request)?);
    let mut first = None;
    for url in responders {
        let bounds = Bounds {
            time: deadline.saturating_duration_since(Instant::now()),
            bytes: MAX_RESPONSE_LEN,
        };
        let answer = match exchange(url, Method::POST, headers(), request.clone(), bounds).await {
            Ok(response) => {
                let der = response.into_body();
                match question.verify(&der, now) {
                    Ok(answer) => return Ok(Answer { answer, der }),
                    Err(source) => OcspQueryError::NotBelieved {
                        url: url.to_string(),
                        source,
                    },
                }
            }
            Err(source) => OcspQueryError::Http {
                url: url.to_string(),
                source,
            },
        };
        first.get_or_insert(answer);
    }
    Err(first.unwrap_or(OcspQueryError::NoResponder))
}

/// RFC 6960 appendix A.1.
fn headers() -> HeaderMap {
    let fields = [
        (CONTENT_TYPE, "application/ocsp-request"),
        (ACCEPT, "application/ocsp-response"),
    ];
    fields
        .into_iter()
        .map(|(name, value)| (name, HeaderValue::from_static(value)))
        .collect()
}

/// More than one is rare already.
const MAX_RESPONDERS: usize = 3;
