//! Orders that are at their end.

use time::OffsetDateTime;

use crate::StoreError;
use crate::commit::transaction::Transaction;
use crate::database::{Many, values};

/// Orders that are to be forgotten.
#[derive(Clone)]
pub(crate) struct PruneAcme {
    pub(crate) ca: String,
    /// Those that ended before, and whose certificates did.
    pub(crate) before: OffsetDateTime,
}

impl PruneAcme {
    /// How many orders were forgotten, at most [`AT_ONCE`].
    pub(crate) async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<u64, StoreError> {
        let session = &mut *transaction.session;
        // An upstream CA may still issue for one in processing.
        let sql = "SELECT o.id FROM acme_orders o LEFT JOIN certificates c ON c.id = o.certificate \
                   WHERE o.ca = $1 AND o.expires_at < $2 AND (c.id IS NULL OR c.not_after < $2) \
                   AND o.state <> 2 ORDER BY o.id LIMIT $3";
        let parameters = values![self.ca.as_str(), self.before, AT_ONCE];
        let orders = session.query(sql, parameters).await?;
        let ids = orders.iter().map(|row| Ok(values![row.int(0)?]));
        let ids: Vec<_> = ids.collect::<Result<_, StoreError>>()?;
        let work = FORGET.map(|sql| (Many::Change(sql), ids.clone()));
        session.all(work.into()).await?;
        Ok(orders.len() as u64)
    }
}

const FORGET: [&str; 3] = [
    "DELETE FROM acme_challenges WHERE acme_authorization IN \
     (SELECT id FROM acme_authorizations WHERE acme_order = $1)",
    "DELETE FROM acme_authorizations WHERE acme_order = $1",
    "DELETE FROM acme_orders WHERE id = $1",
];

/// Orders in one transaction, since others wait for it.
const AT_ONCE: u32 = 1000;
