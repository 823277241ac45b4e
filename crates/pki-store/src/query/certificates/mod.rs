//! Lists of certificates.

mod ending;
mod few;
mod statement;

use std::collections::BTreeSet;

use time::OffsetDateTime;

pub(crate) use self::ending::{Ending, next_to_end};
use self::few::Few;
use self::statement::{ALL, COLUMNS, Start, statement};
use crate::StoreError;
use crate::database::{Many, Row, Session, values};
use crate::record::certificate::{CertificateState, stored};
use crate::record::{
    CertificateRecord, Filter, IssuerId, Page, Selection, Selector, reason_from_text,
};

/// A page of those that fulfil the filter.
pub(crate) async fn certificates(
    session: &mut Session,
    filter: &Filter,
    page: Page,
    now: OffsetDateTime,
) -> Result<Vec<CertificateRecord>, StoreError> {
    listed(session, filter, Start::After(page.after), page.limit, now).await
}

/// The same, the newest first, from behind the one with the id `before`.
pub(crate) async fn latest_certificates(
    session: &mut Session,
    filter: &Filter,
    before: i64,
    limit: u32,
    now: OffsetDateTime,
) -> Result<Vec<CertificateRecord>, StoreError> {
    listed(session, filter, Start::Before(before), limit, now).await
}

async fn listed(
    session: &mut Session,
    filter: &Filter,
    mut start: Start,
    rows_at_once: u32,
    now: OffsetDateTime,
) -> Result<Vec<CertificateRecord>, StoreError> {
    let limit = usize::try_from(rows_at_once).unwrap_or(usize::MAX);
    let few = Few::of(session, filter, now).await?;
    let mut found = Vec::new();
    while found.len() < limit {
        let (sql, parameters) = statement(filter, few, start, rows_at_once, now);
        let rows = session.query(&sql, parameters).await?;
        let is_last = rows.len() < limit;
        for row in &rows {
            let record = record(row, now)?;
            start = match start {
                Start::After(_) => Start::After(record.id),
                Start::Before(_) => Start::Before(record.id),
            };
            if found.len() < limit && matches(filter, &record) {
                found.push(record);
            }
        }
        if is_last {
            break;
        }
    }
    Ok(found)
}

/// All that a selection means, those that are revoked already too.
pub(crate) async fn select(
    session: &mut Session,
    selection: &Selection,
    now: OffsetDateTime,
) -> Result<Vec<CertificateRecord>, StoreError> {
    let mut lineages = vec![None];
    if let Selector::Lineage(serial) = &selection.selector {
        let filter = Filter {
            ca: selection.ca.clone(),
            serial: Some(serial.clone()),
            ..Filter::default()
        };
        let named = certificates(session, &filter, Page::first(SELECTED), now).await?;
        lineages = named.iter().map(|record| Some(record.lineage)).collect();
        lineages.sort_unstable();
        lineages.dedup();
    }
    let mut all = Vec::new();
    for lineage in lineages {
        let filter = selection.filter(lineage);
        let mut page = Page::first(SELECTED);
        loop {
            let found = certificates(session, &filter, page, now).await?;
            let Some(last) = found.last() else { break };
            page.after = last.id;
            let is_last = found.len() < SELECTED as usize;
            all.extend(found.into_iter().filter(|it| selection.takes(it.state)));
            if is_last {
                break;
            }
        }
    }
    if selection.same_keys {
        add_others_of_the_keys(session, selection.ca.as_deref(), &mut all, now).await?;
    }
    Ok(all)
}

/// Whoever has a key has all certificates of it, the expired ones too.
async fn add_others_of_the_keys(
    session: &mut Session,
    ca: Option<&str>,
    all: &mut Vec<CertificateRecord>,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let keys: BTreeSet<_> = all.iter().filter_map(|it| it.spki_sha256).collect();
    let mut known: BTreeSet<i64> = all.iter().map(|it| it.id).collect();
    let of_key = Many::Select(
        "SELECT c.id, i.ca FROM certificates c JOIN issuers i ON i.id = c.issuer WHERE c.spki = $1",
    );
    let keys = keys.iter().map(|key| values![*key]).collect();
    for row in session.query_each(of_key, keys).await?.iter().flatten() {
        let (id, of) = (row.int(0)?, row.text(1)?);
        if ca.is_some_and(|ca| ca != of) || !known.insert(id) {
            continue;
        }
        let other = by_id(session, id, now).await?;
        all.extend(other.filter(|it| it.state != CertificateState::Failed));
    }
    Ok(())
}

/// One certificate.
pub(crate) async fn by_id(
    session: &mut Session,
    id: i64,
    now: OffsetDateTime,
) -> Result<Option<CertificateRecord>, StoreError> {
    let sql = format!("{COLUMNS} {ALL} WHERE c.id = $1");
    let row = session.first(&sql, values![id]).await?;
    row.map(|row| record(&row, now)).transpose()
}

/// What the database does not check.
fn matches(filter: &Filter, record: &CertificateRecord) -> bool {
    let pattern = filter.name.as_ref();
    pattern.is_none_or(|pattern| pattern.matches(&record.subject, &record.sans))
}

fn record(row: &Row, now: OffsetDateTime) -> Result<CertificateRecord, StoreError> {
    let not_after = row.time(9)?;
    let is_signed = row.int(4)? == stored::ISSUED;
    let revoked = match row.optional(15, Row::time)? {
        Some(at) => Some((at, reason_from_text(row.text(16)?)?)),
        None => None,
    };
    let state = match row.int(4)? {
        _ if revoked.is_some() => CertificateState::Revoked,
        stored::RESERVED => CertificateState::Reserved,
        stored::UNCONFIRMED => CertificateState::Unconfirmed,
        stored::FAILED => CertificateState::Failed,
        _ if not_after < now => CertificateState::Expired,
        _ => CertificateState::Valid,
    };
    let damaged = |what: &str| StoreError::Corrupt { what: what.into() };
    Ok(CertificateRecord {
        id: row.int(0)?,
        ca: row.text(1)?.to_owned(),
        issuer: IssuerId(row.int(2)?),
        serial: row.serial(3)?,
        state,
        profile: row.text(5)?.to_owned(),
        subject: row.text(6)?.to_owned(),
        sans: serde_json::from_str(row.text(7)?)
            .map_err(|_| damaged("alternative names cannot be read"))?,
        not_before: row.time(8)?,
        not_after,
        spki_sha256: row.optional(10, Row::array)?,
        fingerprint_sha256: row.optional(11, Row::array)?,
        lineage: row.array(12)?,
        partition: u32::try_from(row.int(13)?)
            .map_err(|_| damaged("the number of a CRL partition cannot be read"))?,
        revoked,
        der: row
            .optional(14, |row, column| row.blob(column))?
            .filter(|_| is_signed)
            .map(<[u8]>::to_vec),
    })
}

/// Certificates of a selection that are read at once.
const SELECTED: u32 = 1000;
