//! Whether a filter leaves few certificates of a range.
//!
//! A list is in the order of the table. Few are read by the index of their range and sorted; where there are many, a page
//! of them is soon found in the order of the table, and the range is compared row by row. Which of the two it is, the index
//! says without the table, and counts no further than it has to.

use time::OffsetDateTime;

use crate::StoreError;
use crate::database::{Session, Value, values};
use crate::record::certificate::CertificateState;
use crate::record::{Filter, NamePattern};

/// In which ranges of a filter there are few.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Few {
    /// Certificates with a name that may match.
    pub(super) names: bool,
    /// Certificates that end as the filter says.
    pub(super) ends: bool,
}

impl Few {
    pub(super) async fn of(
        session: &mut Session,
        filter: &Filter,
        now: OffsetDateTime,
    ) -> Result<Self, StoreError> {
        let mut few = Self::default();
        let range = filter.name.as_ref().map(NamePattern::range);
        if let Some(range) = range.filter(|range| !range.is_one_key()) {
            let sql = counted("names WHERE name >= $1 AND name < $2");
            few.names = is_few(session, &sql, values![range.from, range.to]).await?;
        }
        let expired = filter.state == Some(CertificateState::Expired);
        let before = [filter.expiring_before, expired.then_some(now)];
        let before = before.into_iter().flatten().min();
        let from = (filter.state == Some(CertificateState::Valid)).then_some(now);
        let ended = match (from, before) {
            (Some(from), Some(before)) => {
                Some(("not_after >= $1 AND not_after < $2", values![from, before]))
            }
            (Some(from), None) => Some(("not_after >= $1", values![from])),
            (None, Some(before)) => Some(("not_after < $1", values![before])),
            (None, None) => None,
        };
        if let Some((condition, parameters)) = ended {
            let sql = counted(&format!("certificates WHERE {condition}"));
            few.ends = is_few(session, &sql, parameters).await?;
        }
        Ok(few)
    }
}

fn counted(rows: &str) -> String {
    let limit = MANY;
    format!("SELECT count(*) FROM (SELECT 1 FROM {rows} LIMIT {limit}) AS counted")
}

async fn is_few(
    session: &mut Session,
    sql: &str,
    parameters: Vec<Value>,
) -> Result<bool, StoreError> {
    let row = session.first(sql, parameters).await?;
    Ok(row.map_or(Ok(0), |row| row.int(0))? < MANY)
}

/// So many rows are read and sorted in some milliseconds.
const MANY: i64 = 10_000;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::StoreUrl;
    use crate::database::{Access, Target, at_once, migrate};

    #[test]
    fn ranges_are_counted_as_far_as_it_matters() {
        let directory = tempfile::tempdir().unwrap();
        let url = StoreUrl::from(directory.path().join("store.db"));
        let target = Target::new(&url, Access::Create, std::time::Duration::ZERO).unwrap();
        let mut session = at_once(target.connect()).unwrap();
        at_once(migrate(&mut session, Some([0; 16]))).unwrap();
        at_once(session.batch(FILLED)).unwrap();
        let at = |seconds| OffsetDateTime::from_unix_timestamp(seconds).unwrap();
        let in_state = |state| Filter {
            state: Some(state),
            ..Filter::default()
        };
        let named = |name: &str| Filter {
            name: Some(name.parse().unwrap()),
            ..Filter::default()
        };
        // Those with the numbers 1 to 10,001 end at that second, and are hosts of example.org; ten are of example.net.
        for (filter, now, names, ends) in [
            (in_state(CertificateState::Expired), 10_000, false, true),
            (in_state(CertificateState::Expired), 10_002, false, false),
            (in_state(CertificateState::Valid), 2, false, false),
            (in_state(CertificateState::Valid), 9_000, false, true),
            (named(".example.org"), 0, false, false),
            (named(".example.net"), 0, true, false),
            (named("cn:alice"), 0, false, false),
            (Filter::default(), 0, false, false),
        ] {
            let few = at_once(Few::of(&mut session, &filter, at(now))).unwrap();
            assert_eq!(few, Few { names, ends }, "{filter:?} {now}");
        }
        let soon = Filter {
            expiring_before: Some(at(9_100)),
            ..in_state(CertificateState::Valid)
        };
        assert!(
            at_once(Few::of(&mut session, &soon, at(9_000)))
                .unwrap()
                .ends
        );
    }

    const FILLED: &str = "
        INSERT INTO issuers (id, ca, role, state, fingerprint, spki, not_after, parts, chain, added_at)
            VALUES (1, 'ca', 'issuing', 'active', x'00', x'00', 0, 1, '', 0);
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i <= 10000)
            INSERT INTO certificates (id, issuer, serial, state, profile, subject, sans, not_before, not_after, lineage,
                                      part, holder, reserved_at)
            SELECT i, 1, CAST(i AS BLOB), 1, 'client', '', '[]', 0, i, x'00', 0, x'00', 0 FROM n;
        INSERT INTO names (name, certificate)
            SELECT CAST('dgro.elpmaxe.' || id AS BLOB), id FROM certificates;
        INSERT INTO names (name, certificate)
            SELECT CAST('dten.elpmaxe.' || id AS BLOB), id FROM certificates WHERE id <= 10;";
}
