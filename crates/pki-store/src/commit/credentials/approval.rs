//! Requests for approval: making them, and deciding.

use serde_json::json;
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;

use crate::audit::AuditEvent;
use crate::commit::credentials::attestation::{audited, use_up};
use crate::commit::transaction::Transaction;
use crate::database::values;
use crate::query;
use crate::record::approval::stored;
use crate::record::{
    Actor, ApprovalRequest, ApprovalState, AttestationRecord, EvidenceUse, NewApprovalRequest, hex,
    sans_text,
};
use crate::{IssueError, StoreError};

/// A request that is to wait.
#[derive(Clone)]
pub(crate) struct AskApproval {
    pub(crate) request: NewApprovalRequest,
    pub(crate) attested: Option<(AttestationRecord, EvidenceUse)>,
    pub(crate) now: OffsetDateTime,
}

/// What somebody has decided.
#[derive(Clone)]
pub(crate) struct DecideApproval {
    pub(crate) ca: String,
    pub(crate) id: i64,
    /// The CSR that was looked at.
    pub(crate) csr_sha256: [u8; 32],
    /// `None`: approved. Otherwise why it is denied.
    pub(crate) denied: Option<String>,
    pub(crate) actor: Actor,
    pub(crate) now: OffsetDateTime,
}

impl AskApproval {
    pub(crate) async fn apply(
        &self,
        transaction: &mut Transaction<'_>,
    ) -> Result<Result<ApprovalRequest, IssueError>, StoreError> {
        let asked = self.ask(transaction).await?;
        if let Err(error) = &asked {
            let request = &self.request;
            let detail = json!({
                "profile": request.profile,
                "subject": request.subject,
                "spki_sha256": hex(&request.spki_sha256),
                "reason": error.to_string(),
            });
            let (event, actor) = (AuditEvent::Refused, &request.actor);
            transaction.audit(event, self.now, actor, &request.ca, None, detail);
        }
        Ok(asked)
    }

    async fn ask(
        &self,
        transaction: &mut Transaction<'_>,
    ) -> Result<Result<ApprovalRequest, IssueError>, StoreError> {
        let request = &self.request;
        let key = request.idempotency.stored_key();
        let payload = request.idempotency.payload_sha256;
        let ca = request.ca.as_str();
        let known = query::approval_by_key(transaction.session, ca, &key, self.now).await?;
        if let Some((known, before)) = known {
            return Ok(if before == payload {
                Ok(known)
            } else {
                Err(IssueError::OtherPayload)
            });
        }
        let requester = request.requester.as_str();
        let pending = query::pending_of(transaction.session, ca, requester, self.now).await?;
        if pending >= MAX_PENDING.into() {
            return Ok(Err(IssueError::TooManyPending { limit: MAX_PENDING }));
        }
        let attested = self.attested.as_ref();
        let evidence = attested.map(|(record, evidence)| (evidence, record));
        let used = use_up(transaction, ca, request.token, evidence, self.now);
        if let Err(error) = used.await? {
            return Ok(Err(error));
        }
        let sans = sans_text(&request.sans)?;
        let hash: [u8; 32] = Sha256::digest(&request.csr).into();
        let sql = "INSERT INTO approvals (ca, requester, profile, subject, sans, spki, csr, csr_sha256, key, payload, \
                   state, asked_at, expires_at, attestation) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
        let parameters = values![
            ca,
            requester,
            request.profile.as_str(),
            request.subject.as_str(),
            sans,
            request.spki_sha256,
            request.csr.as_slice(),
            hash,
            key.as_str(),
            payload,
            stored::PENDING,
            self.now,
            request.expires_at,
            attested.map(|(record, _)| json!(record).to_string())
        ];
        transaction.session.query(sql, parameters).await?;
        let made = query::approval_by_key(transaction.session, ca, &key, self.now).await?;
        let (made, _) = made.ok_or(StoreError::Closed)?;
        let mut detail = json!({
            "request": made.id,
            "profile": made.profile,
            "subject": made.subject,
            "sans": made.sans,
            "csr_sha256": hex(&hash),
        });
        if let (Some((record, evidence)), Some(detail)) = (attested, detail.as_object_mut()) {
            detail.insert("attestation".into(), audited(record, Some(evidence)));
        }
        let (event, actor) = (AuditEvent::RequestPending, &request.actor);
        transaction.audit(event, self.now, actor, ca, None, detail);
        Ok(Ok(made))
    }
}

impl DecideApproval {
    /// # Errors
    ///
    /// [`StoreError::Refused`] if it was decided or has expired, or its CSR is not the one that was looked at.
    pub(crate) async fn apply(
        &self,
        transaction: &mut Transaction<'_>,
    ) -> Result<ApprovalRequest, StoreError> {
        let (state, event) = match self.denied {
            None => (stored::APPROVED, AuditEvent::RequestApproved),
            Some(_) => (stored::DENIED, AuditEvent::RequestDenied),
        };
        let sql = "UPDATE approvals SET state = $4, decided_by = $5, decided_at = $6, reason = $7 \
                   WHERE ca = $1 AND id = $2 AND csr_sha256 = $3 AND state = 0 AND expires_at > $6";
        let parameters = values![
            self.ca.as_str(),
            self.id,
            self.csr_sha256,
            state,
            self.actor.as_str(),
            self.now,
            self.denied.clone()
        ];
        let changed = transaction.session.changes(sql, parameters).await?;
        let found = query::approval(transaction.session, &self.ca, self.id, self.now).await?;
        let found = found.ok_or_else(|| StoreError::NotFound {
            what: format!("request {}", self.id),
        })?;
        if changed {
            let mut detail = json!({
                "request": self.id,
                "subject": found.subject,
                "csr_sha256": hex(&found.csr_sha256),
            });
            if let (Some(reason), Some(detail)) = (&self.denied, detail.as_object_mut()) {
                detail.insert("reason".into(), json!(reason));
            }
            transaction.audit(event, self.now, &self.actor, &self.ca, None, detail);
            return Ok(found);
        }
        let id = self.id;
        Err(StoreError::Refused(match found.state {
            ApprovalState::Approved => format!("request {id} was approved before"),
            ApprovalState::Denied => format!("request {id} was denied before"),
            ApprovalState::Expired => format!("request {id} has expired"),
            ApprovalState::Pending => {
                format!("the certificate request of request {id} is not the one that you have seen")
            }
        }))
    }
}

/// Requests of one requester that may be pending at once.
const MAX_PENDING: u32 = 100;
