//! The rows of the audit log.

use crate::StoreError;
use crate::audit::{AuditHead, AuditRow};
use crate::database::{Row, Session, values};

/// The end of the log, as the store's first row says it.
pub(crate) async fn audit_head(session: &mut Session) -> Result<AuditHead, StoreError> {
    let row = session.store_row("audit_seq, audit_hash").await?;
    Ok(AuditHead {
        seq: row.count(0)?,
        hash: row.array(1)?,
    })
}

/// At most `limit` rows behind `after`, in their order.
pub(crate) async fn audit_rows(
    session: &mut Session,
    after: u64,
    limit: u32,
) -> Result<Vec<AuditRow>, StoreError> {
    let sql = "SELECT seq, at, event, actor, ca, serial, detail, hash FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2";
    let rows = session.query(sql, values![after, limit]).await?;
    rows.iter().map(audit_row).collect()
}

fn audit_row(row: &Row) -> Result<AuditRow, StoreError> {
    Ok(AuditRow {
        seq: row.count(0)?,
        at: row.time(1)?,
        event: row.text(2)?.to_owned(),
        actor: row.text(3)?.to_owned(),
        ca: row.text(4)?.to_owned(),
        serial: row.optional(5, Row::serial)?,
        detail: row.text(6)?.to_owned(),
        hash: row.array(7)?,
    })
}
