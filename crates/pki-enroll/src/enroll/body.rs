//! Reading what a client sends: at most 64 KiB, in time.

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::LengthLimitError;
use pki_core::CertificateRequest;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::refusal::Refusal;
use crate::attest::evidence::Evidence;

/// `POST /v1/enroll` and `/v1/renew`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CsrBody {
    csr: String,
    pub(crate) profile: Option<String>,
    /// What the device proves of itself.
    pub(crate) attestation: Option<Evidence>,
}

impl CsrBody {
    /// The CSR: PEM, or DER in base64.
    pub(crate) fn csr(&self) -> Result<CertificateRequest, Refusal> {
        let text = self.csr.trim();
        if text.contains("-----BEGIN ") {
            return CertificateRequest::from_pem(text.as_bytes()).map_err(Refusal::BadCsr);
        }
        let compact: String = text.split_ascii_whitespace().collect();
        let der = STANDARD.decode(compact);
        let der = der.map_err(|_| Refusal::malformed("`csr` is neither PEM nor base64"))?;
        CertificateRequest::from_der(&der).map_err(Refusal::BadCsr)
    }
}

/// The JSON of a request.
pub(crate) async fn json<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Body,
    limit: Duration,
) -> Result<T, Refusal> {
    media_type(headers, JSON)?;
    let bytes = read(body, limit).await?;
    serde_json::from_slice(&bytes).map_err(|error| Refusal::malformed(error.to_string()))
}

/// Whether the body is of this media type, whatever its parameters.
pub(crate) fn media_type(headers: &HeaderMap, wanted: &'static str) -> Result<(), Refusal> {
    let found = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let found = found.and_then(|value| value.split(';').next());
    match found {
        Some(found) if found.trim().eq_ignore_ascii_case(wanted) => Ok(()),
        _ => Err(Refusal::UnsupportedMediaType(wanted)),
    }
}

/// The whole body.
pub(crate) async fn read(body: Body, limit: Duration) -> Result<Bytes, Refusal> {
    match timeout(limit, to_bytes(body, MAX_BODY)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if is_length(&error) => Err(Refusal::TooLarge(MAX_BODY)),
        Ok(Err(_)) => Err(Refusal::malformed("its body broke off")),
        Err(_) => Err(Refusal::TooSlow),
    }
}

/// `Idempotency-Key`: 1 to 256 visible characters of ASCII.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let mut keys = headers.get_all("idempotency-key").iter();
    let Some(key) = keys.next() else {
        return Ok(None);
    };
    match key.to_str() {
        Ok(text) if (1..=256).contains(&text.len()) && keys.next().is_none() => Ok(Some(text)),
        _ => Err(Refusal::malformed(
            "Idempotency-Key is 1 to 256 visible characters of ASCII, once",
        )),
    }
}

fn is_length(error: &axum::Error) -> bool {
    std::error::Error::source(error).is_some_and(|cause| cause.is::<LengthLimitError>())
}

const JSON: &str = "application/json";
pub(crate) const MAX_BODY: usize = 64 * 1024;
