//! From a request to a certificate, or to a request that waits: the same for each protocol.

use std::time::Duration;

use pki_core::{CertificateParameters, CertificateRequest};
use pki_store::{
    ApprovalRequest, ApprovalState, AttestationRecord, CertificateState, ChallengePurpose,
    Idempotency, IssueError, IssuedRecord, NewApprovalRequest, Order, RecordedName,
};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;

use super::applicant::Applicant;
use super::holder::Holder;
use super::names;
use super::refusal::Refusal;
use super::service::{EnrollProfile, EnrollmentCa, idempotency};
use crate::attest::challenges::Asked;
use crate::attest::evidence::Evidence;
use crate::attest::judge::Attested;

/// What became of a request.
pub(crate) enum Outcome {
    Issued(Box<IssuedRecord>),
    /// Somebody has to approve.
    Pending(Box<ApprovalRequest>),
    /// An upstream CA has the request, and has not decided.
    Upstream {
        /// By what it is asked for again.
        id: i64,
        /// Seconds.
        retry_after: u64,
    },
}

impl Outcome {
    /// What became of an order.
    pub(crate) fn of(issued: Result<IssuedRecord, IssueError>) -> Result<Self, Refusal> {
        match issued {
            // The answer to the same request as before, which is good for nothing by now.
            Ok(issued) if issued.record.state == CertificateState::Revoked => {
                Err(Refusal::IssuedRevoked(issued.record.serial))
            }
            Ok(issued) => Ok(Self::Issued(Box::new(issued))),
            Err(IssueError::Pending { id, retry_after }) => Ok(Self::Upstream {
                id,
                // Not a moment too early.
                retry_after: retry_after.as_secs_f64().ceil() as u64,
            }),
            Err(error) => Err(error.into()),
        }
    }
}

/// A first certificate, with what the device has proved where the profile asks for that.
pub(crate) async fn enroll(
    ca: &EnrollmentCa,
    applicant: &Applicant<'_>,
    csr: &CertificateRequest,
    key: Option<&str>,
    attested: Option<Attested>,
    now: OffsetDateTime,
) -> Result<Outcome, Refusal> {
    let profile = ca.profile(&applicant.profile)?;
    check_attested(profile, attested.as_ref().map(|it| &it.record))?;
    let parameters = applicant.parameters(csr, &profile.profile)?;
    let idempotency = idempotency(
        &applicant.requester,
        key,
        &applicant.profile,
        csr,
        attested.as_ref(),
    );
    if let Some(period) = profile.approval {
        let waiting = Waiting {
            period,
            idempotency,
            attested,
        };
        return wait(ca, waiting, applicant, csr, &parameters, now).await;
    }
    let actor = applicant.actor.clone();
    let mut order = Order::new(parameters, &profile.profile, &applicant.profile, actor)
        .idempotency(idempotency);
    order.token = applicant.token;
    if let Some(attested) = attested {
        order = order.attestation(attested.record).evidence(attested.used);
    }
    Outcome::of(ca.authority.issue(order, now).await)
}

/// What a request needs to wait.
struct Waiting {
    period: Duration,
    idempotency: Idempotency,
    attested: Option<Attested>,
}

async fn wait(
    ca: &EnrollmentCa,
    waiting: Waiting,
    applicant: &Applicant<'_>,
    csr: &CertificateRequest,
    parameters: &CertificateParameters,
    now: OffsetDateTime,
) -> Result<Outcome, Refusal> {
    let request = NewApprovalRequest {
        ca: ca.name().to_owned(),
        requester: applicant.requester.clone(),
        actor: applicant.actor.clone(),
        profile: applicant.profile.clone(),
        subject: parameters.subject().to_string(),
        sans: parameters.names().iter().map(RecordedName::from).collect(),
        spki_sha256: Sha256::digest(csr.public_key_der()).into(),
        csr: csr.der().to_vec(),
        idempotency: waiting.idempotency,
        token: applicant.token,
        lineage: applicant.lineage,
        expires_at: now + waiting.period,
    };
    let store = ca.store();
    let waiting = match waiting.attested {
        Some(Attested { record, used }) => {
            store
                .ask_attested_approval(request, record, used, now)
                .await?
        }
        None => store.ask_approval(request, now).await?,
    };
    decided(ca, waiting, applicant, now).await
}

/// What became of a request that waited: it still does, it was refused, or there is a certificate, which is issued when
/// it is first fetched.
pub(crate) async fn decided(
    ca: &EnrollmentCa,
    request: ApprovalRequest,
    applicant: &Applicant<'_>,
    now: OffsetDateTime,
) -> Result<Outcome, Refusal> {
    match request.state {
        ApprovalState::Pending => return Ok(Outcome::Pending(Box::new(request))),
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
    // The profile may ask for more than when the request was made.
    check_attested(profile, request.attestation.as_ref())?;
    let parameters = applicant.parameters(&csr, &profile.profile)?;
    let actor = applicant.actor.clone();
    let mut order =
        Order::new(parameters, &profile.profile, &request.profile, actor).approved(&request);
    // It was proved when the request was made, and used up then.
    order.attestation = request.attestation;
    Outcome::of(ca.authority.issue(order, now).await)
}

/// Whether a first certificate of a profile may be issued with what was proved.
fn check_attested(
    profile: &EnrollProfile,
    proved: Option<&AttestationRecord>,
) -> Result<(), Refusal> {
    match profile.attestation.is_some() && proved.is_none() {
        true => Err(Refusal::AttestationRequired),
        false => Ok(()),
    }
}

/// A certificate with the names of the one that is presented, in the same profile, with what the device proves again
/// where the profile asks for that.
pub(crate) async fn renew(
    holder: &Holder<'_>,
    csr: &CertificateRequest,
    key: Option<&str>,
    wanted: Option<&str>,
    evidence: Option<&Evidence>,
    now: OffsetDateTime,
) -> Result<Outcome, Refusal> {
    let Holder {
        ca,
        client,
        requester,
        record,
    } = holder;
    let profile = ca.profile(&record.profile)?;
    let requirement = profile.attestation.as_ref();
    let before = ca.store().attestation(record.id).await?;
    // Whoever held a name for a moment would keep it for ever, and without an account; and the certificate of a managed
    // device is for the attested key alone.
    if ca.store().acme_order_of(record.id).await?.is_some() {
        let reason = "it was ordered by ACME, and an order there proves its names again";
        return Err(Refusal::CertificateNotValid(reason));
    }
    let attested = match (evidence, requirement) {
        (Some(evidence), Some(requirement)) => {
            let asked = Asked {
                csr,
                purpose: ChallengePurpose::Renew,
                before,
                now,
            };
            Some(asked.judged(ca, requirement, evidence).await?)
        }
        (Some(_), None) => return Err(Refusal::AttestationUnexpected),
        (None, _) => None,
    };
    if let Some(wanted) = wanted.filter(|it| *it != record.profile) {
        return Err(Refusal::Profile(wanted.to_owned()));
    }
    let parameters = names::renewed(csr, client.certificate())?;
    if attested.is_none() && requirement.is_some_and(|it| it.policy().renewals) {
        return Err(Refusal::AttestationRequired);
    }
    let idempotency = idempotency(requester, key, &record.profile, csr, attested.as_ref());
    let requester = requester.clone();
    let mut order = Order::new(parameters, &profile.profile, &record.profile, requester)
        .replaces(record.serial.clone())
        .idempotency(idempotency);
    if let Some(attested) = attested {
        order = order.attestation(attested.record).evidence(attested.used);
    }
    Outcome::of(ca.authority.issue(order, now).await)
}
