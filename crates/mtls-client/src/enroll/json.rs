//! Enrolment as JSON, as `mtls serve --enroll` has it under `/v1/`.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pki_core::CertificateRequest;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::task::spawn_blocking;
use x509_identity::Certificate;

use super::channel::{Answer, Call, Channel, Secret, printable};
use super::enrolled::{Received, unsound};
use super::error::EnrollError;
use super::evidence::{Attester, EvidencePurpose, EvidenceRequest};
use super::window::RenewalWindow;

/// RFC 9457.
#[derive(Deserialize)]
struct Problem {
    #[serde(rename = "type")]
    kind: String,
    detail: String,
}

#[derive(Deserialize)]
struct Issued {
    chain: String,
    roots: String,
}

#[derive(Deserialize)]
struct Pending {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RenewalInfo {
    suggested_window: RenewalWindow,
}

#[derive(Deserialize)]
struct Given {
    challenge: String,
}

pub(super) async fn enroll(
    channel: &Channel<'_>,
    token: &str,
    request: &CertificateRequest,
    evidence: Option<&Value>,
) -> Result<Received, EnrollError> {
    let call = asking("/v1/enroll", request, evidence).with(Secret::Bearer(token));
    received(&channel.settled(call, own_path).await?)
}

pub(super) async fn renew(
    channel: &Channel<'_>,
    request: &CertificateRequest,
    evidence: Option<&Value>,
) -> Result<Received, EnrollError> {
    let call = asking("/v1/renew", request, evidence);
    // What became of it is the answer to the same request.
    received(&channel.settled(call, |_| Ok(None)).await?)
}

/// A new challenge, and the evidence that is made for it.
pub(super) async fn evidence(
    channel: &Channel<'_>,
    attester: &Arc<dyn Attester>,
    purpose: EvidencePurpose,
    request: &CertificateRequest,
) -> Result<Value, EnrollError> {
    let body = json!({ "purpose": purpose.as_str() }).to_string();
    let call = Call::post("/v1/challenges", "application/json", body);
    let answer = channel.send(&call).await?;
    if !answer.status.is_success() {
        return Err(refusal(&answer));
    }
    let challenge = STANDARD.decode(parsed::<Given>(&answer)?.challenge);
    let challenge = challenge.map_err(|error| EnrollError::Answer(error.to_string()))?;
    let asked = EvidenceRequest {
        challenge,
        request: request.clone(),
        purpose,
    };
    let attester = Arc::clone(attester);
    let made = spawn_blocking(move || {
        let evidence = attester.attest(&asked)?;
        Ok(evidence.to_json(&asked.challenge))
    });
    let made = made.await.map_err(|error| Box::new(error).into());
    made.and_then(|made| made).map_err(EnrollError::Evidence)
}

/// Has the server look at the certificate of the connection.
pub(super) async fn present(channel: &Channel<'_>) -> Result<(), EnrollError> {
    let answer = channel.send(&Call::get("/v1/ca")).await?;
    answer.expect_ok(refusal)
}

/// The window, by the clock of this machine.
pub(super) async fn renewal_window(
    channel: &Channel<'_>,
    certificate: &Certificate,
) -> Result<RenewalWindow, EnrollError> {
    let answer = renewal_info(channel, certificate).await?;
    answer.expect_ok(refusal)?;
    let window = parsed::<RenewalInfo>(&answer)?.suggested_window;
    Ok(window.by_clock_behind(answer.clock_ahead()))
}

/// How far the server's clock is ahead.
pub(super) async fn clock_ahead(
    channel: &Channel<'_>,
    certificate: &Certificate,
) -> Result<time::Duration, EnrollError> {
    Ok(renewal_info(channel, certificate).await?.clock_ahead())
}

async fn renewal_info(
    channel: &Channel<'_>,
    certificate: &Certificate,
) -> Result<Answer, EnrollError> {
    let path = format!("/v1/renewal-info/{}", certificate.serial());
    channel.send(&Call::get(path)).await
}

fn asking<'a>(path: &str, request: &CertificateRequest, evidence: Option<&Value>) -> Call<'a> {
    let mut body = json!({ "csr": request.pem() });
    if let Some(evidence) = evidence {
        body["attestation"] = evidence.clone();
    }
    Call::post(path, "application/json", body.to_string())
}

/// Where a request that waits has its answer.
fn own_path(pending: &Answer) -> Result<Option<String>, EnrollError> {
    let Pending { id } = parsed(pending)?;
    // It becomes part of a path.
    if id.is_empty() || !id.bytes().all(|c| c.is_ascii_alphanumeric()) {
        return Err(EnrollError::Answer("the number of the request".into()));
    }
    Ok(Some(format!("/v1/requests/{id}")))
}

fn received(answer: &Answer) -> Result<Received, EnrollError> {
    if !answer.status.is_success() {
        return Err(refusal(answer));
    }
    let issued: Issued = parsed(answer)?;
    let chain = CertificateDer::pem_slice_iter(issued.chain.as_bytes());
    let chain = chain.collect::<Result<Vec<_>, _>>();
    let mut chain = chain.map_err(|error| unsound(&error))?;
    let above = chain.split_off(chain.len().min(1));
    Ok(Received {
        issued: chain,
        above,
        chain_pem: Some(issued.chain),
        roots_pem: issued.roots,
        ahead: answer.clock_ahead(),
    })
}

fn parsed<T: DeserializeOwned>(answer: &Answer) -> Result<T, EnrollError> {
    serde_json::from_slice(&answer.body).map_err(|error| EnrollError::Answer(error.to_string()))
}

/// Why the server has refused.
fn refusal(answer: &Answer) -> EnrollError {
    let status = answer.status.as_u16();
    match parsed::<Problem>(answer) {
        Ok(problem) => EnrollError::Refused {
            status,
            kind: printable(&problem.kind),
            detail: printable(&problem.detail),
        },
        Err(_) => EnrollError::Answer(format!("status {status}")),
    }
}
