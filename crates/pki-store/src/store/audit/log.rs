//! The audit log.

use std::sync::Arc;

use serde_json::json;
use time::OffsetDateTime;

use crate::audit::AuditEvent;
use crate::audit::{AuditBreak, AuditHead, AuditRow, Checkpoint, Walk};
use crate::commit::{Note, Operation};
use crate::record::hex;
use crate::record::shortened;
use crate::store::Store;
use crate::{Actor, AuditError, StoreError, query};

impl Store {
    /// Writes down that something was refused, and why: what was decided without the store, such as a CSR that cannot be
    /// read.
    ///
    /// `what` is who or what it was about, as far as that is known; of both texts 2,048 bytes are kept.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be written.
    pub async fn record_refusal(
        &self,
        ca: &str,
        what: &str,
        reason: &str,
        actor: &Actor,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let operation = Operation::Note(Note {
            event: AuditEvent::Refused,
            ca: shortened(ca, MAX_TEXT).to_owned(),
            serial: None,
            actor: actor.clone(),
            detail: json!({ "subject": shortened(what, MAX_TEXT), "reason": shortened(reason, MAX_TEXT) }),
            now,
        });
        let _done: bool = self.commit(operation).await?;
        Ok(())
    }

    /// At most `limit` rows of the audit log behind row `after`, in their order.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub async fn audit(&self, after: u64, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        self.read(move |session| Box::pin(query::audit_rows(session, after, limit)))
            .await
    }

    /// The end of the audit log.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub async fn audit_head(&self) -> Result<AuditHead, StoreError> {
        self.read(|session| Box::pin(query::audit_head(session)))
            .await
    }

    /// Checks that each row of the audit log follows from those before it, up to the last one, and returns its end.
    ///
    /// Whoever can write to the database can write a new log. [`verify_audit_against`](Self::verify_audit_against) finds
    /// that.
    ///
    /// # Errors
    ///
    /// [`AuditError::Broken`] with the first row that does not.
    pub async fn verify_audit(&self) -> Result<AuditHead, AuditError> {
        self.verify_audit_against(&[]).await
    }

    /// The same, and that the log is the one that these checkpoints were made of: not cut short, and not written anew.
    ///
    /// A checkpoint that was left behind by an [acknowledged](Self::acknowledge_restore) restore is passed over, if the key
    /// that has signed it has signed that, too: see [`acknowledged_restores`](Self::acknowledged_restores).
    ///
    /// # Errors
    ///
    /// [`AuditError::Broken`] with what is wrong.
    pub async fn verify_audit_against(
        &self,
        checkpoints: &[Checkpoint],
    ) -> Result<AuditHead, AuditError> {
        let id = hex(self.id());
        if checkpoints.iter().any(|it| it.payload().store != id) {
            return Err(AuditBreak::OtherStore.into());
        }
        let mut pending = Vec::new();
        if !checkpoints.is_empty() {
            let restores = self.acknowledged_restores().await?;
            let passed_over = |it: &&Checkpoint| restores.iter().any(|by| by.passes_over(it));
            let left = checkpoints.iter().filter(|it| !passed_over(it));
            pending.extend(left.map(Checkpoint::head));
        }
        pending.retain(|head| head.seq > 0);
        pending.sort_unstable_by_key(|head| head.seq);
        let expected = self.audit_head().await?;
        let mut pending = pending.into_iter().peekable();
        let mut walk = Walk::new();
        while walk.head().seq < expected.seq {
            let rows = self.audit(walk.head().seq, ROWS).await?;
            if rows.is_empty() {
                break;
            }
            for row in rows.iter().take_while(|row| row.seq <= expected.seq) {
                walk.step(row)?;
                while let Some(head) = pending.next_if(|head| head.seq == row.seq) {
                    if head != walk.head() {
                        return Err(AuditBreak::Rewritten { seq: head.seq }.into());
                    }
                }
            }
        }
        walk.finish(expected)?;
        match pending.find(|head| head.seq > expected.seq) {
            Some(head) => Err(AuditBreak::Truncated {
                found: expected.seq,
                expected: head.seq,
            }
            .into()),
            None => Ok(expected),
        }
    }

    /// Checks that the store has each certificate that the audit log speaks of, with the same fingerprint, names, profile
    /// and key, and revoked if the log says so: nobody has changed the tables and left the log as it was. The log itself is for
    /// [`verify_audit`](Self::verify_audit).
    ///
    /// # Errors
    ///
    /// [`AuditError::Broken`] with the first row that does not agree.
    pub async fn verify_records(&self) -> Result<(), AuditError> {
        let end = self.audit_head().await?.seq;
        let mut after = 0;
        while after < end {
            let rows = self.audit(after, ROWS).await?;
            let Some(last) = rows.last() else { break };
            after = last.seq;
            let rows = Arc::new(rows);
            let found = self.read(move |session| {
                let rows = rows.clone();
                Box::pin(async move { query::contradiction(session, &rows).await })
            });
            if let Some(found) = found.await? {
                return Err(found.into());
            }
        }
        Ok(())
    }
}

const MAX_TEXT: usize = 2048;

/// Rows that are read at once.
const ROWS: u32 = 1000;
