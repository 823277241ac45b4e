//! The audit log.

use serde_json::json;
use time::OffsetDateTime;

use super::{Store, unexpected};
use crate::audit::{AuditHead, AuditRow, Walk};
use crate::commit::{Operation, Refusal, Reply};
use crate::record::shortened;
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
        let operation = Operation::Refusal(Refusal {
            ca: shortened(ca, MAX_TEXT).to_owned(),
            actor: actor.clone(),
            detail: json!({ "subject": shortened(what, MAX_TEXT), "reason": shortened(reason, MAX_TEXT) }),
            now,
        });
        match self.commit(operation).await? {
            Reply::Done(_) => Ok(()),
            other => unexpected(other),
        }
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
    /// # Errors
    ///
    /// [`AuditError::Broken`] with the first row that does not.
    pub async fn verify_audit(&self) -> Result<AuditHead, AuditError> {
        let expected = self.audit_head().await?;
        let mut walk = Walk::new();
        while walk.head().seq < expected.seq {
            let rows = self.audit(walk.head().seq, ROWS).await?;
            if rows.is_empty() {
                break;
            }
            for row in rows.iter().take_while(|row| row.seq <= expected.seq) {
                walk.step(row)?;
            }
        }
        walk.finish(expected)?;
        Ok(expected)
    }
}

const MAX_TEXT: usize = 2048;

/// Rows that are read at once.
const ROWS: u32 = 1000;
