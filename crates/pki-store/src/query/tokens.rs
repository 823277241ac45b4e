//! Tokens.

use crate::StoreError;
use crate::database::{Row, Session, values};
use crate::record::{NamePattern, Page, TokenId, TokenRecord};

/// The token of a CA with this hash.
pub(crate) async fn token_by_hash(
    session: &mut Session,
    ca: &str,
    hash: [u8; 32],
) -> Result<Option<TokenRecord>, StoreError> {
    let sql = format!("{SELECT} WHERE ca = $1 AND hash = $2");
    let row = session.first(&sql, values![ca, hash]).await?;
    row.as_ref().map(record).transpose()
}

/// The token of a CA with this number.
pub(crate) async fn token(
    session: &mut Session,
    ca: &str,
    id: TokenId,
) -> Result<Option<TokenRecord>, StoreError> {
    let sql = format!("{SELECT} WHERE ca = $1 AND id = $2");
    let row = session.first(&sql, values![ca, id.0]).await?;
    row.as_ref().map(record).transpose()
}

/// A page of the tokens of a CA, in the order in which they were made.
pub(crate) async fn tokens(
    session: &mut Session,
    ca: &str,
    page: Page,
) -> Result<Vec<TokenRecord>, StoreError> {
    let sql = format!("{SELECT} WHERE ca = $1 AND id > $2 ORDER BY id LIMIT $3");
    let rows = session.query(&sql, values![ca, page.after, page.limit]);
    rows.await?.iter().map(record).collect()
}

/// The tokens of a CA, the newest first, from behind the one with the number `before`.
pub(crate) async fn latest_tokens(
    session: &mut Session,
    ca: &str,
    before: i64,
    limit: u32,
) -> Result<Vec<TokenRecord>, StoreError> {
    let sql = format!("{SELECT} WHERE ca = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
    let rows = session.query(&sql, values![ca, before, limit]);
    rows.await?.iter().map(record).collect()
}

fn record(row: &Row) -> Result<TokenRecord, StoreError> {
    let damaged = || StoreError::Corrupt {
        what: "a token cannot be read".into(),
    };
    let small = |column| u32::try_from(row.int(column)?).map_err(|_| damaged());
    Ok(TokenRecord {
        id: TokenId(row.int(0)?),
        ca: row.text(1)?.to_owned(),
        profile: row.text(2)?.to_owned(),
        names: NamePattern::listed(row.text(3)?).ok_or_else(damaged)?,
        uses: small(4)?,
        used: small(5)?,
        made_by: row.text(6)?.to_owned(),
        made_at: row.time(7)?,
        expires_at: row.time(8)?,
        revoked_at: row.optional(9, Row::time)?,
    })
}

const SELECT: &str = "SELECT id, ca, profile, names, uses, used, made_by, made_at, expires_at, revoked_at FROM tokens";
