//! Removing what ended long ago. The audit log has all of it.

use time::OffsetDateTime;

use super::transaction::Transaction;
use crate::StoreError;
use crate::database::values;

/// Tokens and requests for approval that ended before this time.
#[derive(Clone)]
pub(crate) struct Prune {
    pub(crate) before: OffsetDateTime,
}

impl Prune {
    /// How many were removed, of each kind a thousand at most: nobody waits long for the one writer.
    pub(crate) async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<u64, StoreError> {
        let mut removed = 0;
        for sql in [APPROVALS, TOKENS] {
            let rows = transaction.session.query(sql, values![self.before]).await?;
            removed += rows.len();
        }
        Ok(u64::try_from(removed).unwrap_or(u64::MAX))
    }
}

// The last number stays in use. SQLite would give it to the next one, and requests are known again by such numbers.
const APPROVALS: &str = "DELETE FROM approvals WHERE id IN (SELECT id FROM approvals WHERE expires_at < $1 \
                         AND id < (SELECT MAX(id) FROM approvals) ORDER BY id LIMIT 1000) RETURNING id";

// By its token whoever asks is known, for as long as the request is.
const TOKENS: &str = "DELETE FROM tokens WHERE id IN (SELECT t.id FROM tokens t WHERE t.expires_at < $1 \
                      AND t.id < (SELECT MAX(id) FROM tokens) AND NOT EXISTS (SELECT 1 FROM approvals a \
                      WHERE a.ca = t.ca AND a.requester = 'token:' || CAST(t.id AS TEXT)) \
                      ORDER BY t.id LIMIT 1000) RETURNING id";
