//! `POST /v1/enroll`.

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use pki_core::CertificateRequest;
use pki_store::{Actor, ChallengePurpose};
use time::OffsetDateTime;

use crate::attest::challenges::Asked;
use crate::attest::evidence::Evidence;
use crate::attest::judge::Attested;
use crate::enroll::applicant::Applicant;
use crate::enroll::body::{self, CsrBody};
use crate::enroll::credential::Grant;
use crate::enroll::refusal::Refusal;
use crate::enroll::service::{self, Enrollment, EnrollmentCa};
use crate::enroll::{issuing, response};

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
            let ca = service.ca();
            let refused = ca.refused(refusal, &asking.what, &asking.requester, now);
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
    let granted = service.grant(&ca, headers, Some(&csr), now).await;
    let (grant, attested) = match (granted, &body.attestation) {
        (Err(Refusal::CredentialRequired), Some(evidence)) => {
            device(service, &ca, &body, evidence, &csr, now).await?
        }
        (granted, _) => (granted?, None),
    };
    asking.requester = grant.requester.clone();
    if let Some(wanted) = &body.profile
        && *wanted != grant.profile
    {
        return Err(Refusal::Profile(wanted.clone()));
    }
    let requirement = ca.profile(&grant.profile)?.attestation.as_ref();
    let attested = match (attested, requirement, &body.attestation) {
        (None, Some(requirement), Some(evidence)) => {
            Some(asked(&csr, now).judged(&ca, requirement, evidence).await?)
        }
        (None, None, Some(_)) => return Err(Refusal::AttestationUnexpected),
        (attested, ..) => attested,
    };
    let applicant = Applicant::granted(grant, None);
    let outcome = issuing::enroll(&ca, &applicant, &csr, key, attested, now).await?;
    Ok(response::outcome(outcome, &ca.roots, now))
}

fn asked(csr: &CertificateRequest, now: OffsetDateTime) -> Asked<'_> {
    Asked {
        csr,
        purpose: ChallengePurpose::Enroll,
        before: None,
        now,
    }
}

/// What evidence alone entitles to, where the profile that is asked for says that it is enough: names made of the
/// device's identifier.
async fn device(
    service: &Enrollment,
    ca: &EnrollmentCa,
    body: &CsrBody,
    evidence: &Evidence,
    csr: &CertificateRequest,
    now: OffsetDateTime,
) -> Result<(Grant, Option<Attested>), Refusal> {
    let without = "`profile` has to say which one is asked for with evidence and no credential";
    let name = body
        .profile
        .as_ref()
        .ok_or_else(|| Refusal::malformed(without))?;
    let requirement = ca.profile(name)?.attestation.as_ref();
    let requirement = requirement
        .filter(|it| it.is_credential())
        .ok_or(Refusal::CredentialRequired)?;
    let attested = asked(csr, now).judged(ca, requirement, evidence).await?;
    let device = &attested.record.device;
    let grant = Grant {
        requester: Actor::new(format!("device:{device}")),
        profile: name.clone(),
        names: requirement.names(device),
        token: None,
    };
    service.paced(ca, &grant.requester, now).await?;
    Ok((grant, Some(attested)))
}
