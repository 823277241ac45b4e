//! Lists of certificates.

use time::OffsetDateTime;

use crate::StoreError;
use crate::database::{Row, Session, Value, values};
use crate::record::certificate::{CertificateState, stored};
use crate::record::{
    CertificateRecord, Filter, IssuerId, NamePattern, Page, Selection, Selector, reason_from_text,
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
    Ok(all)
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

/// The statement for the conditions that the database checks.
///
/// It reads in the order of the table or index that has few rows besides those of the page: that of one name, that of
/// revocations, or else that of all certificates, of which the database has indexes by what identifies them.
fn statement(filter: &Filter, after: i64, limit: u32, now: OffsetDateTime) -> (String, Vec<Value>) {
    let range = filter.name.as_ref().map(NamePattern::range);
    let (from, id) = match &range {
        Some(range) if range.is_one_key() => (OF_NAME, "n.certificate"),
        // Few have it: the sum keeps a database from reading all in their order until it has found them.
        _ if filter.serial.is_some() => (OF_ISSUERS, "c.id + 0"),
        _ if filter.names_few() => (OF_INDEX, "c.id + 0"),
        _ if filter.state == Some(CertificateState::Revoked) => (OF_REVOCATION, "r.certificate"),
        _ => (ALL, "c.id"),
    };
    let mut conditions = Conditions {
        sql: format!("{COLUMNS} {from} WHERE {id} > $1"),
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
        conditions.and("c.issuer = i.id AND c.serial = ?", serial.as_bytes());
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
    match range {
        Some(range) if range.is_one_key() => conditions.and("n.name = ?", range.from),
        Some(range) => {
            let names = "c.id IN (SELECT certificate FROM names WHERE name >= ?";
            conditions.and(names, range.from);
            conditions.and("name < ?)", range.to);
        }
        None => {}
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
        format!("{sql} ORDER BY {id} LIMIT ${}", parameters.len()),
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

const COLUMNS: &str = "SELECT c.id, i.ca, c.issuer, c.serial, c.state, c.profile, c.subject, c.sans, c.not_before, \
                       c.not_after, c.spki, c.fingerprint, c.lineage, c.part, c.content, r.revoked_at, r.reason";

const ALL: &str = "FROM certificates c JOIN issuers i ON i.id = c.issuer \
                   LEFT JOIN revocations r ON r.certificate = c.id";

/// For what no more than a few certificates have. The sum keeps PostgreSQL, as long as it knows nothing of its tables,
/// from looking through all certificates of each issuer.
const OF_INDEX: &str = "FROM certificates c JOIN issuers i ON i.id = c.issuer + 0 \
                        LEFT JOIN revocations r ON r.certificate = c.id";

/// The index of serial numbers is by issuer first. To SQLite a CROSS JOIN is an order.
const OF_ISSUERS: &str =
    "FROM issuers i CROSS JOIN certificates c LEFT JOIN revocations r ON r.certificate = c.id";

const OF_NAME: &str = "FROM names n JOIN certificates c ON c.id = n.certificate JOIN issuers i ON i.id = c.issuer \
                       LEFT JOIN revocations r ON r.certificate = c.id";

const OF_REVOCATION: &str = "FROM revocations r JOIN certificates c ON c.id = r.certificate \
                             JOIN issuers i ON i.id = c.issuer";

/// Certificates of a selection that are read at once.
const SELECTED: u32 = 1000;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use x509_identity::SerialNumber;

    use super::*;
    use crate::StoreUrl;
    use crate::database::{Target, at_once, migrate};

    /// Each step of what SQLite does for a page.
    fn plan(session: &mut Session, filter: &Filter) -> Vec<String> {
        let (sql, parameters) = statement(filter, 7, 100, OffsetDateTime::UNIX_EPOCH);
        let explained = format!("EXPLAIN QUERY PLAN {sql}");
        let rows = at_once(session.query(&explained, parameters)).unwrap();
        rows.iter()
            .map(|row| row.text(3).unwrap().to_owned())
            .collect()
    }

    #[test]
    fn a_page_reads_an_index_in_its_order_and_no_more() {
        let directory = tempfile::tempdir().unwrap();
        let url = StoreUrl::from(directory.path().join("store.db"));
        let target = Target::new(&url, std::time::Duration::ZERO).unwrap();
        let mut session = at_once(target.connect()).unwrap();
        at_once(migrate(&mut session, [0; 16])).unwrap();
        let all = Filter::default;
        let serial = SerialNumber::from_integer_octets(&[7; 16]);
        for (filter, first) in [
            (all(), "SEARCH c USING INTEGER PRIMARY KEY (rowid>?)"),
            (
                Filter {
                    name: Some("cn:alice".parse().unwrap()),
                    ..all()
                },
                "SEARCH n USING PRIMARY KEY (name=? AND certificate>?)",
            ),
            (
                Filter {
                    state: Some(CertificateState::Revoked),
                    ..all()
                },
                "SEARCH r USING INTEGER PRIMARY KEY (rowid>?)",
            ),
            (
                Filter {
                    serial: Some(serial),
                    ..all()
                },
                "SEARCH c USING INDEX sqlite_autoindex_certificates_1 (issuer=? AND serial=?)",
            ),
            (
                Filter {
                    spki_sha256: Some([7; 32]),
                    ..all()
                },
                "SEARCH c USING INDEX certificates_by_key (spki=?)",
            ),
            (
                Filter {
                    fingerprint_sha256: Some([7; 32]),
                    ..all()
                },
                "SEARCH c USING INDEX certificates_by_fingerprint (fingerprint=?)",
            ),
            (
                Filter {
                    lineage: Some([7; 16]),
                    ..all()
                },
                "SEARCH c USING INDEX certificates_by_lineage (lineage=?)",
            ),
        ] {
            let plan = plan(&mut session, &filter);
            assert!(plan.iter().any(|step| step.starts_with(first)), "{plan:?}");
            // Of issuers there are few.
            let mut scans = plan.iter().filter(|step| step.starts_with("SCAN"));
            assert!(scans.all(|step| step == "SCAN i"), "{plan:?}");
        }
    }
}
