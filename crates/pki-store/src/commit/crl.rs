//! CRL numbers, and CRLs.

use std::sync::Arc;

use serde_json::json;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use super::transaction::Transaction;
use crate::StoreError;
use crate::audit::AuditEvent;
use crate::database::values;
use crate::record::hex;
use crate::record::{Actor, StoredCrl};

/// A number for the next CRL of a partition. It is used up, even if nothing is signed with it.
#[derive(Clone)]
pub(crate) struct NextCrlNumber {
    pub(crate) issuer: i64,
    pub(crate) partition: u32,
    /// The number is higher than this, too.
    pub(crate) above: u64,
}

/// A CRL that was signed.
#[derive(Clone)]
pub(crate) struct RecordCrl {
    pub(crate) crl: Arc<StoredCrl>,
    pub(crate) ca: String,
    pub(crate) actor: Actor,
    pub(crate) now: OffsetDateTime,
}

impl NextCrlNumber {
    pub(crate) async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<u64, StoreError> {
        let sql = "INSERT INTO crls (issuer, part, number) VALUES ($1, $2, $3) \
                   ON CONFLICT (issuer, part) DO UPDATE SET number = \
                   CASE WHEN crls.number + 1 > excluded.number THEN crls.number + 1 ELSE excluded.number END \
                   RETURNING number";
        let next = self.above.saturating_add(1);
        let row = transaction
            .session
            .first(sql, values![self.issuer, self.partition, next])
            .await?;
        row.ok_or(StoreError::Closed)?.count(0)
    }
}

impl RecordCrl {
    /// `false` if a later one is recorded already.
    pub(crate) async fn apply(
        &self,
        transaction: &mut Transaction<'_>,
    ) -> Result<bool, StoreError> {
        let crl = &self.crl;
        let sql = "UPDATE crls SET signed_number = $3, this_update = $4, next_update = $5, revision = $6, \
                   entries = $7, der = $8 WHERE issuer = $1 AND part = $2 AND number >= $3 \
                   AND (signed_number IS NULL OR signed_number < $3)";
        let parameters = values![
            crl.issuer.0,
            crl.partition,
            crl.number,
            crl.this_update,
            crl.next_update,
            crl.revision,
            crl.entries,
            crl.der.as_slice()
        ];
        if !transaction.session.changes(sql, parameters).await? {
            return Ok(false);
        }
        let detail = json!({
            "partition": crl.partition,
            "number": crl.number,
            "entries": crl.entries,
            "sha256": hex(&Sha256::digest(&crl.der)),
        });
        transaction.audit(
            AuditEvent::CrlSigned,
            self.now,
            &self.actor,
            &self.ca,
            None,
            detail,
        );
        Ok(true)
    }
}
