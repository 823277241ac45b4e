//! Going on with a store that was restored from a backup, and keeping checkpoints.

use serde_json::json;
use time::OffsetDateTime;

use super::transaction::Transaction;
use crate::StoreError;
use crate::audit::{AuditEvent, Checkpoint};
use crate::database::{Many, values};
use crate::record::Actor;

/// Somebody knows that the store is older than this checkpoint.
#[derive(Clone)]
pub(crate) struct AcknowledgeRestore {
    pub(crate) checkpoint: Checkpoint,
    /// What he has signed.
    pub(crate) signed: Checkpoint,
    pub(crate) actor: Actor,
    pub(crate) now: OffsetDateTime,
}

/// A checkpoint that was signed.
#[derive(Clone)]
pub(crate) struct KeepCheckpoint {
    pub(crate) checkpoint: Checkpoint,
}

impl AcknowledgeRestore {
    /// CRL numbers go on where they were.
    pub(crate) async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<(), StoreError> {
        let payload = self.checkpoint.payload();
        let sql = "INSERT INTO crls (issuer, part, number) \
                   SELECT id, $2, $3 FROM issuers WHERE fingerprint = $1 \
                   ON CONFLICT (issuer, part) DO UPDATE SET number = \
                   CASE WHEN crls.number > excluded.number THEN crls.number ELSE excluded.number END";
        let mut sets = Vec::with_capacity(payload.crls.len());
        for used in &payload.crls {
            let issuer = used
                .issuer_fingerprint()
                .ok_or_else(|| StoreError::Corrupt {
                    what: "a checkpoint has an issuer without fingerprint".into(),
                })?;
            sets.push(values![issuer, used.partition, used.number]);
        }
        let raise = Many::Change(sql);
        transaction.session.query_each(raise, sets).await?;
        let detail = json!({
            "instead_of_seq": payload.seq,
            "instead_of_hash": payload.hash,
            "signed": self.signed.to_json(),
        });
        transaction.audit(
            AuditEvent::Restored,
            self.now,
            &self.actor,
            "",
            None,
            detail,
        );
        Ok(())
    }
}

impl KeepCheckpoint {
    pub(crate) async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<(), StoreError> {
        let sql = "INSERT INTO checkpoints (seq, document) VALUES ($1, $2) \
                   ON CONFLICT (seq) DO UPDATE SET document = excluded.document";
        let parameters = values![self.checkpoint.head().seq, self.checkpoint.to_json()];
        transaction.session.query(sql, parameters).await?;
        Ok(())
    }
}
