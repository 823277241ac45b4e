//! Keys that somebody else has: no certificate is issued for them.

use std::collections::BTreeSet;

use serde_json::json;
use time::OffsetDateTime;

use crate::StoreError;
use crate::audit::AuditEvent;
use crate::commit::transaction::Transaction;
use crate::database::{Many, values};
use crate::record::{Actor, hex};

/// Who blocks them, and where that is noted.
pub(in crate::commit) struct BlockedKeys<'a> {
    pub(in crate::commit) ca: &'a str,
    pub(in crate::commit) actor: &'a Actor,
    pub(in crate::commit) now: OffsetDateTime,
}

impl BlockedKeys<'_> {
    /// Blocks those that are not blocked yet, by the SHA-256 of their `SubjectPublicKeyInfo`.
    pub(in crate::commit) async fn add(
        &self,
        transaction: &mut Transaction<'_>,
        keys: BTreeSet<[u8; 32]>,
    ) -> Result<(), StoreError> {
        let insert = Many::Update(
            "INSERT INTO blocked_keys (spki, blocked_at) VALUES ($1, $2) ON CONFLICT (spki) DO NOTHING",
        );
        let sets = keys.iter().map(|key| values![*key, self.now]).collect();
        let added = transaction.session.query_each(insert, sets).await?;
        for (key, _) in keys.iter().zip(added).filter(|(_, rows)| !rows.is_empty()) {
            let detail = json!({ "spki_sha256": hex(key) });
            let event = AuditEvent::KeyBlocked;
            transaction.audit(event, self.now, self.actor, self.ca, None, detail);
        }
        Ok(())
    }
}
