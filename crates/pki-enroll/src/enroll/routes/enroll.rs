//! `POST /v1/enroll`.

use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use pki_core::{CertificateParameters, CertificateRequest};
use pki_store::{Actor, Idempotency, NewApprovalRequest, Order, RecordedName};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;

use crate::enroll::body::{self, CsrBody};
use crate::enroll::credential::Grant;
use crate::enroll::names;
use crate::enroll::refusal::Refusal;
use crate::enroll::response;
use crate::enroll::service::{self, Enrollment, EnrollmentCa, idempotency};

/// What is known of whoever asks, for the audit log.
struct Asking {
    requester: Actor,
    what: String,
}

pub(super) async fn enroll(
    State(service): State<Enrollment>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let now = service::now();
    let mut asking = Asking {
        requester: Actor::new("enroll"),
        what: "enroll".to_owned(),
    };
    match answer(&service, &headers, body, &mut asking, now).await {
        Ok(response) => Ok(response),
        Err(refusal) => {
            let refused = service.refused(refusal, &asking.what, &asking.requester, now);
            Err(refused.await)
        }
    }
}

async fn answer(
    service: &Enrollment,
    headers: &HeaderMap,
    body: Body,
    asking: &mut Asking,
    now: OffsetDateTime,
) -> Result<Response, Refusal> {
    let ca = service.ca();
    let key = body::idempotency_key(headers)?;
    let body: CsrBody = body::json(headers, body, service.0.limits.body).await?;
    let csr = body.csr()?;
    asking.what = format!("enroll {}", csr.requested_names().subject());
    let grant = service.grant(&ca, headers, Some(&csr), now).await?;
    asking.requester = grant.requester.clone();
    if let Some(wanted) = &body.profile
        && *wanted != grant.profile
    {
        return Err(Refusal::Profile(wanted.clone()));
    }
    let profile = ca.profile(&grant.profile)?;
    let parameters = names::granted(&csr, &grant, &profile.profile)?;
    let idempotency = idempotency(&grant.requester, key, &grant.profile, &csr);
    if let Some(period) = profile.approval {
        return wait(&ca, period, &grant, &csr, idempotency, &parameters, now).await;
    }
    let requester = grant.requester.clone();
    let mut order = Order::new(parameters, &profile.profile, &grant.profile, requester)
        .idempotency(idempotency);
    order.token = grant.token;
    let issued = ca.authority.issue(order, now).await?;
    Ok(response::issued(&issued, &ca.roots))
}

async fn wait(
    ca: &EnrollmentCa,
    period: Duration,
    grant: &Grant,
    csr: &CertificateRequest,
    idempotency: Idempotency,
    parameters: &CertificateParameters,
    now: OffsetDateTime,
) -> Result<Response, Refusal> {
    let request = NewApprovalRequest {
        ca: ca.name().to_owned(),
        requester: grant.requester.clone(),
        profile: grant.profile.clone(),
        subject: parameters.subject().to_string(),
        sans: parameters.names().iter().map(RecordedName::from).collect(),
        spki_sha256: Sha256::digest(csr.public_key_der()).into(),
        csr: csr.der().to_vec(),
        idempotency,
        token: grant.token,
        expires_at: now + period,
    };
    let waiting = ca.store().ask_approval(request, now).await?;
    super::requests::outcome(ca, waiting, grant, now).await
}
