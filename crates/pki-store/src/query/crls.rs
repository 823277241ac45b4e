//! What CRLs list, and the last ones.

use time::OffsetDateTime;

use crate::StoreError;
use crate::database::{Row, Session, values};
use crate::record::{CrlDates, IssuerId, RevokedEntry, StoredCrl, reason_from_text};

/// What the next CRL of a partition lists.
pub(crate) struct CrlContent {
    pub(crate) entries: Vec<RevokedEntry>,
    /// The revision of the store that it knows about.
    pub(crate) revision: u64,
}

/// An expired certificate stays until it was on one CRL after it had expired (RFC 5280 section 3.3), and one that was
/// revoked after it had expired is on one CRL, too.
pub(crate) async fn crl_content(
    session: &mut Session,
    issuer: IssuerId,
    partition: u32,
    now: OffsetDateTime,
) -> Result<CrlContent, StoreError> {
    session.begin_read().await?;
    let content = read(session, issuer, partition, now).await;
    session.batch("COMMIT").await?;
    content
}

async fn read(
    session: &mut Session,
    issuer: IssuerId,
    partition: u32,
    now: OffsetDateTime,
) -> Result<CrlContent, StoreError> {
    let row = session.first("SELECT revision FROM store", vec![]).await?;
    let revision = row.map_or(Ok(0), |row| row.count(0))?;
    let sql = "SELECT this_update, revision FROM crls WHERE issuer = $1 AND part = $2 AND this_update IS NOT NULL";
    let last = session.first(sql, values![issuer.0, partition]).await?;
    let (since, known) = match last {
        // A clock that was ahead may have signed the last one: what has not expired yet is listed all the same.
        Some(row) => (row.int(0)?.min(now.unix_timestamp()), row.count(1)?),
        None => (i64::MIN, 0),
    };
    let sql = "SELECT serial, revoked_at, reason FROM revocations \
               WHERE issuer = $1 AND part = $2 AND (not_after >= $3 OR revision > $4)";
    let mut entries = Vec::new();
    let parameters = values![issuer.0, partition, since, known];
    session
        .for_each(sql, parameters, |row| {
            entries.push(entry(&row)?);
            Ok(())
        })
        .await?;
    Ok(CrlContent { entries, revision })
}

fn entry(row: &Row) -> Result<RevokedEntry, StoreError> {
    Ok(RevokedEntry {
        serial: row.serial(0)?,
        revoked_at: row.time(1)?,
        reason: reason_from_text(row.text(2)?)?,
    })
}

/// Where something was revoked after a revision, and the last one at which it was.
pub(crate) async fn revoked_since(
    session: &mut Session,
    revision: u64,
) -> Result<Vec<(IssuerId, u32, u64)>, StoreError> {
    let sql = "SELECT issuer, part, MAX(revision) FROM revocations WHERE revision > $1 GROUP BY issuer, part";
    let rows = session.query(sql, values![revision]).await?;
    let place = |row: Row| {
        let part = u32::try_from(row.int(1)?).map_err(|_| StoreError::Corrupt {
            what: "a CRL partition has a number that none has".into(),
        })?;
        Ok((IssuerId(row.int(0)?), part, row.count(2)?))
    };
    rows.into_iter().map(place).collect()
}

/// The number and the dates of the last CRL that was signed.
pub(crate) async fn latest_crl_dates(
    session: &mut Session,
    issuer: IssuerId,
    partition: u32,
) -> Result<Option<CrlDates>, StoreError> {
    let sql = "SELECT signed_number, this_update, next_update FROM crls \
               WHERE issuer = $1 AND part = $2 AND signed_number IS NOT NULL";
    let row = session.first(sql, values![issuer.0, partition]).await?;
    let dates = |row: Row| {
        Ok(CrlDates {
            number: row.count(0)?,
            this_update: row.time(1)?,
            next_update: row.time(2)?,
        })
    };
    row.map(dates).transpose()
}

/// The last CRL that was signed.
pub(crate) async fn latest_crl(
    session: &mut Session,
    issuer: IssuerId,
    partition: u32,
) -> Result<Option<StoredCrl>, StoreError> {
    let sql = "SELECT signed_number, this_update, next_update, revision, entries, der FROM crls \
               WHERE issuer = $1 AND part = $2 AND signed_number IS NOT NULL";
    let row = session.first(sql, values![issuer.0, partition]).await?;
    let crl = |row: Row| {
        let this_update: OffsetDateTime = row.time(1)?;
        Ok(StoredCrl {
            issuer,
            partition,
            number: row.count(0)?,
            this_update,
            next_update: row.time(2)?,
            revision: row.count(3)?,
            entries: row.count(4)?,
            der: row.blob(5)?.to_vec(),
        })
    };
    row.map(crl).transpose()
}
