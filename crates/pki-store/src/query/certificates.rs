//! Lists of certificates.

use time::OffsetDateTime;

use crate::StoreError;
use crate::database::{Row, Session, Value, values};
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
    let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let mut found = Vec::new();
    let mut after = page.after;
    while found.len() < limit {
        let (sql, parameters) = statement(filter, after, page.limit, now);
        let rows = session.query(&sql, parameters).await?;
        let is_last = rows.len() < limit;
        for row in &rows {
            let record = record(row, now)?;
            after = record.id;
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
    Ok(all)
}

/// One certificate.
pub(crate) async fn by_id(
    session: &mut Session,
    id: i64,
    now: OffsetDateTime,
) -> Result<Option<CertificateRecord>, StoreError> {
    let sql = format!("{SELECT} WHERE c.id = $1");
    let row = session.first(&sql, values![id]).await?;
    row.map(|row| record(&row, now)).transpose()
}

/// The statement for the conditions that the database checks.
fn statement(filter: &Filter, after: i64, limit: u32, now: OffsetDateTime) -> (String, Vec<Value>) {
    let mut conditions = Conditions {
        sql: format!("{SELECT} WHERE c.id > $1"),
        parameters: values![after],
    };
    if let Some(ca) = &filter.ca {
        conditions.and("i.ca = ?", ca.as_str());
    }
    if let Some(issuer) = filter.issuer {
        conditions.and("c.issuer = ?", issuer.0);
    }
    if let Some(profile) = &filter.profile {
        conditions.and("c.profile = ?", profile.as_str());
    }
    if let Some(end) = filter.expiring_before {
        conditions.and("c.not_after < ?", end);
    }
    if let Some(serial) = &filter.serial {
        conditions.and("c.serial = ?", serial.as_bytes());
    }
    if let Some(key) = filter.spki_sha256 {
        conditions.and("c.spki = ?", key);
    }
    if let Some(hash) = filter.fingerprint_sha256 {
        conditions.and("c.fingerprint = ?", hash);
    }
    if let Some(lineage) = filter.lineage {
        conditions.and("c.lineage = ?", lineage);
    }
    if let Some(pattern) = &filter.name {
        let range = pattern.range();
        conditions.and(
            "c.id IN (SELECT certificate FROM names WHERE name >= ?",
            range.from,
        );
        conditions.and("name < ?)", range.to);
    }
    if let Some(state) = filter.state {
        conditions.state(state, now);
    }
    let Conditions {
        sql,
        mut parameters,
    } = conditions;
    parameters.push(limit.into());
    (
        format!("{sql} ORDER BY c.id LIMIT ${}", parameters.len()),
        parameters,
    )
}

struct Conditions {
    sql: String,
    parameters: Vec<Value>,
}

impl Conditions {
    fn and(&mut self, condition: &str, value: impl Into<Value>) {
        self.parameters.push(value.into());
        let place = format!("${}", self.parameters.len());
        self.sql.push_str(" AND ");
        self.sql.push_str(&condition.replace('?', &place));
    }

    fn state(&mut self, state: CertificateState, now: OffsetDateTime) {
        let stored = match state {
            CertificateState::Revoked => {
                self.sql.push_str(" AND r.revoked_at IS NOT NULL");
                return;
            }
            CertificateState::Reserved => stored::RESERVED,
            CertificateState::Unconfirmed => stored::UNCONFIRMED,
            CertificateState::Failed => stored::FAILED,
            CertificateState::Expired => {
                self.and("c.not_after < ?", now);
                stored::ISSUED
            }
            CertificateState::Valid => {
                self.and("c.not_after >= ?", now);
                stored::ISSUED
            }
        };
        self.sql.push_str(" AND r.revoked_at IS NULL");
        self.and("c.state = ?", stored);
    }
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

const SELECT: &str = "SELECT c.id, i.ca, c.issuer, c.serial, c.state, c.profile, c.subject, c.sans, c.not_before, \
                      c.not_after, c.spki, c.fingerprint, c.lineage, c.part, c.content, r.revoked_at, r.reason \
                      FROM certificates c JOIN issuers i ON i.id = c.issuer \
                      LEFT JOIN revocations r ON r.certificate = c.id";

/// Certificates of a selection that are read at once.
const SELECTED: u32 = 1000;
