//! Requests that a person has to approve.

use std::sync::Arc;

use time::OffsetDateTime;

use crate::commit::{AskApproval, DecideApproval, Operation, Undecided};
use crate::record::shortened;
use crate::store::Store;
use crate::{
    Actor, ApprovalRequest, AttestationRecord, EvidenceUse, IssueError, NewApprovalRequest, Page,
    StoreError, query,
};

impl Store {
    /// Has a request wait for approval, and uses its token up once. The same request, by its idempotency key, is the one
    /// that is there. Refusals are in the audit log, too.
    ///
    /// # Errors
    ///
    /// [`IssueError::Token`], [`IssueError::OtherPayload`], and [`IssueError::TooManyPending`] for the 101st of a
    /// requester.
    pub async fn ask_approval(
        &self,
        request: NewApprovalRequest,
        now: OffsetDateTime,
    ) -> Result<ApprovalRequest, IssueError> {
        self.ask(request, None, now).await
    }

    /// The same of a device, with what it has proved and what that uses up, which is used up now.
    ///
    /// # Errors
    ///
    /// As [`ask_approval`](Self::ask_approval), and [`IssueError::Attestation`].
    pub async fn ask_attested_approval(
        &self,
        request: NewApprovalRequest,
        attestation: AttestationRecord,
        evidence: EvidenceUse,
        now: OffsetDateTime,
    ) -> Result<ApprovalRequest, IssueError> {
        self.ask(request, Some((attestation, evidence)), now).await
    }

    async fn ask(
        &self,
        request: NewApprovalRequest,
        attested: Option<(AttestationRecord, EvidenceUse)>,
        now: OffsetDateTime,
    ) -> Result<ApprovalRequest, IssueError> {
        let operation = Operation::AskApproval(Arc::new(AskApproval {
            request,
            attested,
            now,
        }));
        let asked: Result<_, IssueError> = self.commit(operation).await?;
        asked
    }

    /// The request of a CA with this number.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub async fn approval(
        &self,
        ca: &str,
        id: i64,
        now: OffsetDateTime,
    ) -> Result<Option<ApprovalRequest>, StoreError> {
        let ca: Arc<str> = ca.into();
        self.read(move |session| {
            let ca = ca.clone();
            Box::pin(async move { query::approval(session, &ca, id, now).await })
        })
        .await
    }

    /// A page of the requests of a CA that wait for approval at `now`, in the order in which they were made;
    /// with `all`, those too that were decided or have expired.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub async fn approvals(
        &self,
        ca: &str,
        all: bool,
        page: Page,
        now: OffsetDateTime,
    ) -> Result<Vec<ApprovalRequest>, StoreError> {
        let ca: Arc<str> = ca.into();
        self.read(move |session| {
            let ca = ca.clone();
            Box::pin(async move { query::approvals(session, &ca, !all, page, now).await })
        })
        .await
    }

    /// Approves the request that was looked at: the one whose CSR has this SHA-256.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`]; [`StoreError::Refused`] if it was decided, has expired, or its CSR is another one.
    pub async fn approve(
        &self,
        ca: &str,
        id: i64,
        csr_sha256: [u8; 32],
        actor: &Actor,
        now: OffsetDateTime,
    ) -> Result<ApprovalRequest, StoreError> {
        self.decide(DecideApproval {
            ca: ca.to_owned(),
            id,
            csr_sha256,
            denied: None,
            of: Undecided::Pending,
            actor: actor.clone(),
            now,
        })
        .await
    }

    /// Denies the request that was looked at. The requester is told the reason, of which 2,048 bytes are kept.
    ///
    /// # Errors
    ///
    /// As [`approve`](Self::approve).
    pub async fn deny(
        &self,
        ca: &str,
        id: i64,
        csr_sha256: [u8; 32],
        reason: &str,
        actor: &Actor,
        now: OffsetDateTime,
    ) -> Result<ApprovalRequest, StoreError> {
        self.decide(DecideApproval {
            ca: ca.to_owned(),
            id,
            csr_sha256,
            denied: Some(told(reason)),
            of: Undecided::Pending,
            actor: actor.clone(),
            now,
        })
        .await
    }

    /// The same, also of a request that was approved, as long as there is no certificate, and none that somebody is about
    /// to sign.
    ///
    /// # Errors
    ///
    /// As [`approve`](Self::approve).
    pub async fn withdraw(
        &self,
        ca: &str,
        id: i64,
        csr_sha256: [u8; 32],
        reason: &str,
        actor: &Actor,
        now: OffsetDateTime,
    ) -> Result<ApprovalRequest, StoreError> {
        self.decide(DecideApproval {
            ca: ca.to_owned(),
            id,
            csr_sha256,
            denied: Some(told(reason)),
            of: Undecided::NotIssued,
            actor: actor.clone(),
            now,
        })
        .await
    }

    async fn decide(&self, decision: DecideApproval) -> Result<ApprovalRequest, StoreError> {
        self.commit(Operation::DecideApproval(decision)).await
    }
}

/// What of a reason is kept.
fn told(reason: &str) -> String {
    shortened(reason, 2048).replace('\0', "\u{fffd}")
}
