//! The processes that share a store.

use time::OffsetDateTime;

use crate::StoreError;
use crate::database::{Row, Session, values};
use crate::processes::Process;

/// All that have written of themselves.
pub(crate) async fn processes(session: &mut Session) -> Result<Vec<Process>, StoreError> {
    let sql = "SELECT id, beat, at FROM processes";
    let rows = session.query(sql, vec![]).await?;
    let process = |row: Row| {
        Ok(Process {
            id: row.array(0)?,
            beat: row.int(1)?,
            at: row.int(2)?,
        })
    };
    rows.into_iter().map(process).collect()
}

/// The last time that a process has written whose clock is not in doubt, of those up to `limit`.
pub(crate) async fn known_until(
    session: &mut Session,
    limit: OffsetDateTime,
) -> Result<Option<OffsetDateTime>, StoreError> {
    let sql = "SELECT MAX(at) FROM processes WHERE in_doubt = 0 AND at <= $1";
    let limit = limit.unix_timestamp().saturating_mul(1000);
    let row = session.first(sql, values![limit]).await?;
    let Some(row) = row.filter(|row| !row.is_null(0)) else {
        return Ok(None);
    };
    let at = OffsetDateTime::from_unix_timestamp(row.int(0)?.div_euclid(1000));
    at.map(Some).map_err(|_| StoreError::Corrupt {
        what: "a process has written a time that is none".into(),
    })
}
