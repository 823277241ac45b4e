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
    Actor, ApprovalRequest, ApprovalState, AttestationRecord, EvidenceUse, NewApprovalRequest,
    TokenId, hex, sans_text,
};
use crate::{IssueError, StoreError, TokenError};

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
    /// Which requests it may be about.
    pub(crate) of: Undecided,
    pub(crate) actor: Actor,
    pub(crate) now: OffsetDateTime,
}

/// Which requests may be decided.
#[derive(Clone, Copy)]
pub(crate) enum Undecided {
    /// Those that nobody has decided about.
    Pending,
    /// Those, too, that were approved, and nothing issued.
    NotIssued,
}

impl Undecided {
    fn sql(self) -> &'static str {
        match self {
            Self::Pending => "a.state = 0",
            Self::NotIssued => NOT_ISSUED,
        }
    }
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
        let (session, lineage) = (&mut *transaction.session, request.lineage);
        let pending = query::pending_of(session, ca, requester, lineage, self.now).await?;
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
                   state, asked_at, expires_at, attestation, lineage) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
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
            attested.map(|(record, _)| json!(record).to_string()),
            lineage
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
        let sql = format!(
            "UPDATE approvals AS a SET state = $4, decided_by = $5, decided_at = $6, reason = $7 \
             WHERE a.ca = $1 AND a.id = $2 AND a.csr_sha256 = $3 AND a.expires_at > $6 AND {}",
            self.of.sql()
        );
        let parameters = values![
            self.ca.as_str(),
            self.id,
            self.csr_sha256,
            state,
            self.actor.as_str(),
            self.now,
            self.denied.clone()
        ];
        let changed = transaction.session.changes(&sql, parameters).await?;
        let found = query::approval(transaction.session, &self.ca, self.id, self.now).await?;
        let found = found.ok_or_else(|| StoreError::NotFound {
            what: format!("request {}", self.id),
        })?;
        if changed {
            let detail = decision(&found);
            transaction.audit(event, self.now, &self.actor, &self.ca, None, detail);
            return Ok(found);
        }
        let id = self.id;
        Err(StoreError::Refused(match (found.state, self.of) {
            (ApprovalState::Approved, Undecided::NotIssued) => {
                format!("request {id} was approved, and its certificate is issued already")
            }
            (ApprovalState::Approved, Undecided::Pending) => {
                format!("request {id} was approved before")
            }
            (ApprovalState::Denied, _) => format!("request {id} was denied before"),
            (ApprovalState::Expired, _) => format!("request {id} has expired"),
            (ApprovalState::Pending, _) => {
                format!("the certificate request of request {id} is not the one that you have seen")
            }
        }))
    }
}

/// Denies what was asked for with a token and not issued yet, now that the token is revoked.
pub(super) async fn deny_of_token(
    transaction: &mut Transaction<'_>,
    ca: &str,
    token: TokenId,
    actor: &Actor,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let sql = format!(
        "UPDATE approvals AS a SET state = $3, decided_by = $4, decided_at = $5, reason = $6 \
         WHERE a.ca = $1 AND a.requester = $2 AND a.expires_at > $5 AND {NOT_ISSUED} RETURNING id"
    );
    let (requester, reason) = (token.requester(), TokenError::Revoked.to_string());
    let parameters = values![
        ca,
        requester.as_str(),
        stored::DENIED,
        actor.as_str(),
        now,
        reason
    ];
    let rows = transaction.session.query(&sql, parameters).await?;
    let mut ids: Vec<_> = rows
        .iter()
        .map(|row| row.int(0))
        .collect::<Result<_, _>>()?;
    ids.sort_unstable();
    for id in ids {
        let denied = query::approval(transaction.session, ca, id, now).await?;
        let detail = decision(&denied.ok_or(StoreError::Closed)?);
        transaction.audit(AuditEvent::RequestDenied, now, actor, ca, None, detail);
    }
    Ok(())
}

/// What the audit log says of one.
fn decision(request: &ApprovalRequest) -> serde_json::Value {
    let mut detail = json!({
        "request": request.id,
        "subject": request.subject,
        "csr_sha256": hex(&request.csr_sha256),
    });
    if let (Some(reason), Some(detail)) = (&request.reason, detail.as_object_mut()) {
        detail.insert("reason".into(), json!(reason));
    }
    detail
}

/// Pending, or approved without a certificate, and without one that somebody is about to sign. See `Order::approved`.
const NOT_ISSUED: &str = "(a.state = 0 OR a.state = 1 AND NOT EXISTS (SELECT 1 FROM requests r \
                          JOIN certificates c ON c.id = r.certificate WHERE r.ca = a.ca \
                          AND r.key = 'approval:' || CAST(a.id AS TEXT) AND c.state <> 3))";

/// Requests of one requester, or one lineage, that may be pending at once.
const MAX_PENDING: u32 = 100;
