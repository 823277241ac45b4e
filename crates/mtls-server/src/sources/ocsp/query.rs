//! One request to one responder after the other, until there is a good response.

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

/// Why there is no good OCSP response.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OcspQueryError {
    /// The responder cannot be reached, or does not respond with 200.
    #[error("OCSP responder {url} cannot be queried")]
    Http {
        /// The responder.
        url: String,
        /// What happened.
        source: HttpError,
    },

    /// The certificate names no responder, and none is configured.
    #[error("the certificate names no OCSP responder")]
    NoResponder,

    /// The response is not valid.
    #[error("the response of OCSP responder {url} is not valid")]
    Invalid {
        /// The responder.
        url: String,
        /// Why not.
        source: OcspError,
    },

    /// The request could not be encoded.
    #[error("the OCSP request cannot be encoded")]
    Request(#[source] OcspError),

    /// There was no response in time, or too many requests were under way.
    #[error("no OCSP response within {} s", .0.as_secs_f32())]
    Timeout(Duration),

    /// The certificate names a responder whose URL cannot be used.
    #[error("the certificate's OCSP responder cannot be queried")]
    Url(#[source] HttpUrlError),
}

/// A response that was verified, and its bytes.
pub(super) struct Response {
    pub(super) answer: OcspAnswer,
    pub(super) der: Vec<u8>,
}

/// The responders of `certificate`: `instead`, or those that it names.
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

/// Queries until one response is valid, or `deadline` has passed.
///
/// # Errors
///
/// That of the first responder.
pub(super) async fn query(
    request: &OcspRequest<'_>,
    responders: &[HttpUrl],
    deadline: Instant,
    now: OffsetDateTime,
) -> Result<Response, OcspQueryError> {
    let body = Bytes::from(request.to_der().map_err(OcspQueryError::Request)?);
    let mut first = None;
    for url in responders {
        let bounds = Bounds {
            time: deadline.saturating_duration_since(Instant::now()),
            bytes: MAX_RESPONSE_LEN,
        };
        let error = match exchange(url, Method::POST, headers(), body.clone(), bounds).await {
            Ok(response) => {
                let der = response.into_body();
                match request.verify(&der, now) {
                    Ok(answer) => return Ok(Response { answer, der }),
                    Err(source) => OcspQueryError::Invalid {
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
        first.get_or_insert(error);
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

/// Certificates rarely name more than one.
const MAX_RESPONDERS: usize = 3;
