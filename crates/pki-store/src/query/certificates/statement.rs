//! The statement by which a page of a list is read.

use time::OffsetDateTime;

use super::few::Few;
use crate::database::{Value, values};
use crate::record::certificate::{CertificateState, stored};
use crate::record::{Filter, NamePattern};

/// From where a list goes on, and so in which order it is.
#[derive(Clone, Copy)]
pub(super) enum Start {
    After(i64),
    Before(i64),
}

/// The statement for the conditions that the database checks.
///
/// It reads in the order of the table or index that has few rows besides those of the page: that of one name, that of
/// revocations, or else that of all certificates, of which the database has indexes by what identifies them.
pub(super) fn statement(
    filter: &Filter,
    few: Few,
    start: Start,
    limit: u32,
    now: OffsetDateTime,
) -> (String, Vec<Value>) {
    let (beyond, order, position) = match start {
        Start::After(position) => (">", "", position),
        Start::Before(position) => ("<", " DESC", position),
    };
    let range = filter.name.as_ref().map(NamePattern::range);
    let (from, id) = match &range {
        Some(range) if range.is_one_key() => (OF_NAME, "n.certificate"),
        // Few have it: the sum keeps a database from reading all in their order until it has found them.
        _ if filter.serial.is_some() => (OF_ISSUERS, "c.id + 0"),
        _ if filter.names_few() => (OF_INDEX, "c.id + 0"),
        _ if filter.state == Some(CertificateState::Revoked) => (OF_REVOCATION, "r.certificate"),
        _ if few.names || few.ends || filter.is_of_unfinished() => (OF_INDEX, "c.id + 0"),
        _ => (ALL, "c.id"),
    };
    let mut conditions = Conditions {
        sql: format!("{COLUMNS} {from} WHERE {id} {beyond} $1"),
        parameters: values![position],
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
        conditions.ends("<", end, few);
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
        // Where there are many, each row is compared afterwards.
        Some(range) if few.names => {
            let names = "c.id IN (SELECT certificate FROM names WHERE name >= ?";
            conditions.and(names, range.from);
            conditions.and("name < ?)", range.to);
        }
        _ => {}
    }
    if let Some(state) = filter.state {
        conditions.state(state, few, now);
    }
    let Conditions {
        sql,
        mut parameters,
    } = conditions;
    parameters.push(limit.into());
    (
        format!("{sql} ORDER BY {id}{order} LIMIT ${}", parameters.len()),
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

    /// The sign keeps a database from the index of ends where it has many.
    fn ends(&mut self, compared: &str, with: OffsetDateTime, few: Few) {
        let column = if few.ends {
            "c.not_after"
        } else {
            "+c.not_after"
        };
        self.and(&format!("{column} {compared} ?"), with);
    }

    fn state(&mut self, state: CertificateState, few: Few, now: OffsetDateTime) {
        let stored = match state {
            CertificateState::Revoked => {
                self.sql.push_str(" AND r.revoked_at IS NOT NULL");
                return;
            }
            // Written out as in the partial indexes of these, so that a database knows that they fit.
            CertificateState::Reserved => {
                self.sql.push_str(" AND c.state = 0");
                stored::RESERVED
            }
            CertificateState::Unconfirmed => {
                self.sql.push_str(" AND c.state > 1");
                stored::UNCONFIRMED
            }
            CertificateState::Failed => {
                self.sql.push_str(" AND c.state > 1");
                stored::FAILED
            }
            CertificateState::Expired => {
                self.ends("<", now, few);
                stored::ISSUED
            }
            CertificateState::Valid => {
                self.ends(">=", now, few);
                stored::ISSUED
            }
        };
        self.sql.push_str(" AND r.revoked_at IS NULL");
        self.and("c.state = ?", stored);
    }
}

pub(super) const COLUMNS: &str = "SELECT c.id, i.ca, c.issuer, c.serial, c.state, c.profile, c.subject, c.sans, c.not_before, \
                       c.not_after, c.spki, c.fingerprint, c.lineage, c.part, c.content, r.revoked_at, r.reason";

pub(super) const ALL: &str = "FROM certificates c JOIN issuers i ON i.id = c.issuer \
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use x509_identity::SerialNumber;

    use super::*;
    use crate::StoreUrl;
    use crate::database::{Access, Session, Target, at_once, migrate};

    /// Each step of what SQLite does for a page.
    fn plan(session: &mut Session, filter: &Filter, few: Few, start: Start) -> Vec<String> {
        let (sql, parameters) = statement(filter, few, start, 100, OffsetDateTime::UNIX_EPOCH);
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
        let target = Target::new(&url, Access::Create, std::time::Duration::ZERO).unwrap();
        let mut session = at_once(target.connect()).unwrap();
        at_once(migrate(&mut session, Some([0; 16]))).unwrap();
        let all = Filter::default;
        let of = |state| Filter {
            state: Some(state),
            ..all()
        };
        let named = || Filter {
            name: Some(".example.org".parse().unwrap()),
            ..all()
        };
        let soon = || Filter {
            expiring_before: Some(OffsetDateTime::UNIX_EPOCH),
            ..of(CertificateState::Valid)
        };
        let (many, few) = (
            Few::default(),
            Few {
                names: true,
                ends: true,
            },
        );
        let in_order = "SEARCH c USING INTEGER PRIMARY KEY (rowid>?)";
        for (filter, range, step) in [
            (named(), many, in_order),
            (
                named(),
                few,
                "SEARCH names USING PRIMARY KEY (name!? AND name!?)",
            ),
            (of(CertificateState::Expired), many, in_order),
            (
                of(CertificateState::Expired),
                few,
                "SEARCH c USING INDEX certificates_by_end (not_after!?)",
            ),
            (of(CertificateState::Valid), many, in_order),
            (
                of(CertificateState::Valid),
                few,
                "SEARCH c USING INDEX certificates_by_end (not_after!?)",
            ),
            (soon(), many, in_order),
            (
                soon(),
                few,
                "SEARCH c USING INDEX certificates_by_end (not_after!? AND not_after!?)",
            ),
            (
                of(CertificateState::Reserved),
                many,
                "SCAN c USING INDEX certificates_unfinished",
            ),
            (
                of(CertificateState::Unconfirmed),
                many,
                "SEARCH c USING INDEX certificates_failed (state=?)",
            ),
            (
                of(CertificateState::Failed),
                many,
                "SEARCH c USING INDEX certificates_failed (state=?)",
            ),
        ] {
            let plan = plan(&mut session, &filter, range, Start::After(7));
            let is_there = |found: &String| {
                // The bounds of a range, as far as they have a sign for them.
                let found = match step.contains('!') {
                    true => found.replace(['<', '>'], "!"),
                    false => found.clone(),
                };
                found.contains(step)
            };
            assert!(plan.iter().any(is_there), "{filter:?}: {plan:?}");
            let whole = |step: &&String| {
                step.starts_with("SCAN c") && !step.contains("certificates_unfinished")
            };
            assert_eq!(plan.iter().find(whole), None, "{filter:?}");
        }
        // Of those that have one, in an index that has no others.
        let sql = "EXPLAIN QUERY PLAN SELECT id FROM certificates WHERE fingerprint = $1";
        let rows = at_once(session.query(sql, crate::database::values![[7_u8; 32]])).unwrap();
        let step = rows[0].text(3).unwrap();
        assert!(
            step.contains("INDEX certificates_by_fingerprint (fingerprint=?)"),
            "{step}"
        );
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
            for (start, first) in [
                (Start::After(7), first.to_owned()),
                (Start::Before(7), first.replace('>', "<")),
            ] {
                let plan = plan(&mut session, &filter, many, start);
                assert!(plan.iter().any(|step| step.starts_with(&first)), "{plan:?}");
                // Of issuers there are few.
                let mut scans = plan.iter().filter(|step| step.starts_with("SCAN"));
                assert!(scans.all(|step| step == "SCAN i"), "{plan:?}");
            }
        }
    }
}
