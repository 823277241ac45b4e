//! Keys of the external account binding.

use crate::StoreError;
use crate::database::{Row, Session, values};
use crate::record::{AcmeKey, AcmeMac, NamePattern, Page};

/// The key of a CA that clients call `kid`, with what it computes MACs with.
pub(crate) async fn key_by_kid(
    session: &mut Session,
    ca: &str,
    kid: &str,
) -> Result<Option<(AcmeKey, AcmeMac)>, StoreError> {
    let sql = format!("{SELECT} WHERE ca = $1 AND kid = $2");
    let row = session.first(&sql, values![ca, kid]).await?;
    row.map(|row| Ok((record(&row)?, AcmeMac::from_stored(row.array(11)?))))
        .transpose()
}

/// The key of a CA with this number.
pub(crate) async fn key(
    session: &mut Session,
    ca: &str,
    id: i64,
) -> Result<Option<AcmeKey>, StoreError> {
    let sql = format!("{SELECT} WHERE ca = $1 AND id = $2");
    let row = session.first(&sql, values![ca, id]).await?;
    row.as_ref().map(record).transpose()
}

/// A page of the keys of a CA, in the order in which they were made.
pub(crate) async fn keys(
    session: &mut Session,
    ca: &str,
    page: Page,
) -> Result<Vec<AcmeKey>, StoreError> {
    let sql = format!("{SELECT} WHERE ca = $1 AND id > $2 ORDER BY id LIMIT $3");
    let rows = session.query(&sql, values![ca, page.after, page.limit]);
    rows.await?.iter().map(record).collect()
}

fn record(row: &Row) -> Result<AcmeKey, StoreError> {
    let small = |column| u32::try_from(row.int(column)?).map_err(|_| damaged());
    Ok(AcmeKey {
        id: row.int(0)?,
        ca: row.text(1)?.to_owned(),
        kid: row.text(2)?.to_owned(),
        profiles: serde_json::from_str(row.text(3)?).map_err(|_| damaged())?,
        names: NamePattern::listed(row.text(4)?).ok_or_else(damaged)?,
        uses: small(5)?,
        used: small(6)?,
        made_by: row.text(7)?.to_owned(),
        made_at: row.time(8)?,
        expires_at: row.time(9)?,
        revoked_at: row.optional(10, Row::time)?,
    })
}

fn damaged() -> StoreError {
    StoreError::Corrupt {
        what: "an external account key cannot be read".into(),
    }
}

const SELECT: &str = "SELECT id, ca, kid, profiles, names, uses, used, made_by, made_at, expires_at, revoked_at, mac \
                      FROM acme_keys";
