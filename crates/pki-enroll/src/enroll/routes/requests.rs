//! `GET /v1/requests/{id}`.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use pki_core::CertificateRequest;
use pki_store::{Actor, ApprovalRequest, ApprovalState, Idempotency, Order};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;

use crate::enroll::credential::Grant;
use crate::enroll::names;
use crate::enroll::refusal::Refusal;
use crate::enroll::response;
use crate::enroll::service::{self, Enrollment, EnrollmentCa};

pub(super) async fn request(
    State(service): State<Enrollment>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let now = service::now();
    let mut requester = Actor::new("enroll");
    match answer(&service, &id, &headers, &mut requester, now).await {
        Ok(response) => Ok(response),
        // Denying and expiring are in the log already, and asking again is no decision.
        Err(refusal @ (Refusal::Denied(_) | Refusal::RequestExpired)) => Err(refusal),
        Err(refusal) => {
            let what = format!("request {id}");
            Err(service.refused(refusal, &what, &requester, now).await)
        }
    }
}

async fn answer(
    service: &Enrollment,
    id: &str,
    headers: &HeaderMap,
    requester: &mut Actor,
    now: OffsetDateTime,
) -> Result<Response, Refusal> {
    let ca = service.ca();
    let grant = service.grant(&ca, headers, None, now).await?;
    *requester = grant.requester.clone();
    let id = id.parse().map_err(|_| Refusal::NotFound)?;
    let request = ca.store().approval(ca.name(), id, now).await?;
    let request = request
        .filter(|request| request.requester == grant.requester.as_str())
        .ok_or(Refusal::NotFound)?;
    outcome(&ca, request, &grant, now).await
}

/// What became of a request: it waits, it was refused, or there is a certificate, which is issued when it is first
/// fetched.
pub(super) async fn outcome(
    ca: &EnrollmentCa,
    request: ApprovalRequest,
    grant: &Grant,
    now: OffsetDateTime,
) -> Result<Response, Refusal> {
    match request.state {
        ApprovalState::Pending => return Ok(response::pending(&request, now)),
        ApprovalState::Denied => {
            return Err(Refusal::Denied(request.reason.unwrap_or_default()));
        }
        ApprovalState::Approved => {}
        _ => return Err(Refusal::RequestExpired),
    }
    // What was approved is what the hash says.
    if <[u8; 32]>::from(Sha256::digest(&request.csr)) != request.csr_sha256 {
        return Err(Refusal::malformed(
            "its certificate request is not the one that was approved",
        ));
    }
    let csr = CertificateRequest::from_der(&request.csr).map_err(Refusal::BadCsr)?;
    let profile = ca.profile(&request.profile)?;
    let parameters = names::granted(&csr, grant, &profile.profile)?;
    let requester = grant.requester.clone();
    let order = Order::new(parameters, &profile.profile, &request.profile, requester).idempotency(
        Idempotency {
            key: format!("approval:{}", request.id),
            payload_sha256: request.csr_sha256,
        },
    );
    let issued = ca.authority.issue(order, now).await?;
    Ok(response::issued(&issued, &ca.roots))
}
