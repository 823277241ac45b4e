//! Challenges, and evidence that is about one: what the routes need of both.

use std::sync::Arc;
use std::time::Duration;

use pki_core::CertificateRequest;
use pki_store::{AttestationRecord, Challenge, ChallengePurpose};
use rustls::crypto::aws_lc_rs;
use time::OffsetDateTime;
use tokio::task::spawn_blocking;

use super::evidence::Evidence;
use super::judge::{Attested, Subject};
use super::requirement::AttestationRequirement;
use crate::enroll::refusal::Refusal;
use crate::enroll::service::EnrollmentCa;

/// How long evidence may take to be made and sent.
pub(crate) const CHALLENGE_LIFE: Duration = Duration::from_secs(5 * 60);

/// One that nobody has seen.
pub(crate) fn new_challenge() -> Result<Challenge, Refusal> {
    let mut bytes = [0; 32];
    let filled = aws_lc_rs::default_provider().secure_random.fill(&mut bytes);
    match filled {
        Ok(()) => Ok(Challenge::from_random(bytes)),
        Err(_) => Err(Refusal::Unavailable(None)),
    }
}

/// What is asked for with evidence.
pub(crate) struct Asked<'a> {
    pub(crate) csr: &'a CertificateRequest,
    pub(crate) purpose: ChallengePurpose,
    /// What was proved for the certificate that is to be renewed.
    pub(crate) before: Option<AttestationRecord>,
    pub(crate) now: OffsetDateTime,
}

impl Asked<'_> {
    /// What evidence proves under a requirement.
    pub(crate) async fn judged(
        self,
        ca: &EnrollmentCa,
        requirement: &Arc<AttestationRequirement>,
        evidence: &Evidence,
    ) -> Result<Attested, Refusal> {
        let known = match evidence.known_key() {
            Some(key_id) => ca.store().attested_key(ca.name(), key_id).await?,
            None => None,
        };
        let subject = Subject {
            csr: self.csr.der().to_vec(),
            public_key: self.csr.public_key_der().to_vec(),
            purpose: self.purpose,
            known,
            before: self.before,
            now: self.now,
        };
        let (requirement, evidence) = (requirement.clone(), evidence.clone());
        // Some signatures to verify, and perhaps a file to read.
        let judging = spawn_blocking(move || requirement.judge(&evidence, &subject));
        let judged = judging.await.map_err(|_| Refusal::Unavailable(None))?;
        judged.map_err(Refusal::Attestation)
    }
}
