//! Requests that wait for approval, and what was decided.

use time::OffsetDateTime;

use crate::StoreError;
use crate::database::{Row, Session, values};
use crate::record::approval::stored;
use crate::record::{ApprovalRequest, ApprovalState, Page};

/// The request of a CA with this number.
pub(crate) async fn approval(
    session: &mut Session,
    ca: &str,
    id: i64,
    now: OffsetDateTime,
) -> Result<Option<ApprovalRequest>, StoreError> {
    let sql = format!("{SELECT} WHERE ca = $1 AND id = $2");
    let row = session.first(&sql, values![ca, id]).await?;
    row.map(|row| record(&row, now)).transpose()
}

/// The request that is known by this key, and its payload.
pub(crate) async fn approval_by_key(
    session: &mut Session,
    ca: &str,
    key: &str,
    now: OffsetDateTime,
) -> Result<Option<(ApprovalRequest, [u8; 32])>, StoreError> {
    let sql = format!("{SELECT} WHERE ca = $1 AND key = $2");
    let row = session.first(&sql, values![ca, key]).await?;
    row.map(|row| Ok((record(&row, now)?, row.array(15)?)))
        .transpose()
}

/// How many requests of a requester, or of the lineage of his certificate, are pending at `now`.
pub(crate) async fn pending_of(
    session: &mut Session,
    ca: &str,
    requester: &str,
    lineage: Option<[u8; 16]>,
    now: OffsetDateTime,
) -> Result<u64, StoreError> {
    let sql = "SELECT COUNT(*) FROM approvals WHERE ca = $1 AND (requester = $2 OR lineage = $3) \
               AND state = 0 AND expires_at > $4";
    let parameters = values![ca, requester, lineage, now];
    let row = session.first(sql, parameters).await?;
    row.map_or(Ok(0), |row| row.count(0))
}

/// A page of the requests of a CA, in the order in which they were made; `pending`: only those to be decided.
pub(crate) async fn approvals(
    session: &mut Session,
    ca: &str,
    pending: bool,
    page: Page,
    now: OffsetDateTime,
) -> Result<Vec<ApprovalRequest>, StoreError> {
    let mut sql = format!("{SELECT} WHERE ca = $1 AND id > $2");
    let mut parameters = values![ca, page.after, page.limit];
    if pending {
        sql.push_str(" AND state = 0 AND expires_at > $4");
        parameters.push(now.into());
    }
    sql.push_str(" ORDER BY id LIMIT $3");
    let rows = session.query(&sql, parameters);
    rows.await?.iter().map(|row| record(row, now)).collect()
}

/// All requests of a CA, the newest first, from behind the one with the number `before`.
pub(crate) async fn latest_approvals(
    session: &mut Session,
    ca: &str,
    before: i64,
    limit: u32,
    now: OffsetDateTime,
) -> Result<Vec<ApprovalRequest>, StoreError> {
    let sql = format!("{SELECT} WHERE ca = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
    let rows = session.query(&sql, values![ca, before, limit]);
    rows.await?.iter().map(|row| record(row, now)).collect()
}

fn record(row: &Row, now: OffsetDateTime) -> Result<ApprovalRequest, StoreError> {
    let damaged = || StoreError::Corrupt {
        what: "a request for approval cannot be read".into(),
    };
    let expires_at = row.time(11)?;
    let state = match row.int(9)? {
        stored::DENIED => ApprovalState::Denied,
        _ if expires_at <= now => ApprovalState::Expired,
        stored::APPROVED => ApprovalState::Approved,
        stored::PENDING => ApprovalState::Pending,
        _ => return Err(damaged()),
    };
    let decided = match row.optional(13, Row::time)? {
        Some(at) => Some((row.text(12)?.to_owned(), at)),
        None => None,
    };
    Ok(ApprovalRequest {
        id: row.int(0)?,
        ca: row.text(1)?.to_owned(),
        requester: row.text(2)?.to_owned(),
        profile: row.text(3)?.to_owned(),
        subject: row.text(4)?.to_owned(),
        sans: serde_json::from_str(row.text(5)?).map_err(|_| damaged())?,
        spki_sha256: row.array(6)?,
        csr: row.blob(7)?.to_vec(),
        csr_sha256: row.array(8)?,
        state,
        asked_at: row.time(10)?,
        expires_at,
        decided,
        reason: row.optional(14, |row, column| row.text(column).map(str::to_owned))?,
        attestation: row
            .optional(16, |row, column| row.text(column))?
            .map(|text| serde_json::from_str(text).map_err(|_| damaged()))
            .transpose()?,
    })
}

const SELECT: &str = "SELECT id, ca, requester, profile, subject, sans, spki, csr, csr_sha256, state, asked_at, \
                      expires_at, decided_by, decided_at, reason, payload, attestation FROM approvals";
