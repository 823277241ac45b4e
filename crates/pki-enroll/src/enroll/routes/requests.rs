//! `GET /v1/requests/{id}`.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use pki_store::Actor;
use time::OffsetDateTime;

use crate::enroll::applicant::Applicant;
use crate::enroll::issuing::Outcome;
use crate::enroll::refusal::Refusal;
use crate::enroll::service::{self, Enrollment};
use crate::enroll::{issuing, response};

pub(super) async fn request(
    State(service): State<Enrollment>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let now = service::now();
    let mut requester = Actor::new("enroll");
    match answer(&service, &id, &headers, &mut requester, now).await {
        Ok(response) => Ok(response),
        Err(refusal) => {
            let what = format!("request {id}");
            let ca = service.ca();
            Err(ca.refused(refusal, &what, &requester, now).await)
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
    if let Some(id) = id.strip_prefix(response::UPSTREAM) {
        let id = id.parse().map_err(|_| Refusal::NotFound)?;
        let issued = ca.authority.pending(id, &grant.requester, now).await;
        let outcome = Outcome::of(issued.transpose().ok_or(Refusal::NotFound)?)?;
        return Ok(response::outcome(outcome, &ca.roots, now));
    }
    let id = id.parse().map_err(|_| Refusal::NotFound)?;
    let request = ca.store().approval(ca.name(), id, now).await?;
    let request = request
        .filter(|request| request.requester == grant.requester.as_str())
        .ok_or(Refusal::NotFound)?;
    let applicant = Applicant::granted(grant, None);
    let outcome = issuing::decided(&ca, request, &applicant, now).await?;
    Ok(response::outcome(outcome, &ca.roots, now))
}
