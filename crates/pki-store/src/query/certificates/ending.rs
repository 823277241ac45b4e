//! The next certificates to end.

use time::OffsetDateTime;

use super::record;
use super::statement::COLUMNS;
use crate::StoreError;
use crate::database::{Session, Value, values};
use crate::record::CertificateRecord;

/// Which of them: those of one CA or of all, that end before a time.
#[derive(Clone, Debug)]
pub(crate) struct Ending {
    pub(crate) ca: Option<String>,
    pub(crate) before: OffsetDateTime,
    /// Behind the certificate that ends then and has this id.
    pub(crate) after: Option<(OffsetDateTime, i64)>,
    pub(crate) limit: u32,
}

/// Those that are valid at `now`, and of whose lineage no valid one ends later.
pub(crate) async fn next_to_end(
    session: &mut Session,
    ending: &Ending,
    now: OffsetDateTime,
) -> Result<Vec<CertificateRecord>, StoreError> {
    let (sql, parameters) = statement(ending, now);
    let rows = session.query(&sql, parameters).await?;
    rows.iter().map(|row| record(row, now)).collect()
}

/// It reads the index of ends in its order, and for each certificate of it those of its lineage.
fn statement(ending: &Ending, now: OffsetDateTime) -> (String, Vec<Value>) {
    let (from, id) = ending.after.unwrap_or((now, i64::MIN));
    let mut parameters = values![now, from, id, ending.before];
    let mut of_ca = "";
    if let Some(ca) = &ending.ca {
        of_ca = " AND i.ca = $5";
        parameters.push(ca.as_str().into());
    }
    parameters.push(ending.limit.into());
    let limit = parameters.len();
    let sql = format!(
        "{COLUMNS} FROM certificates c CROSS JOIN issuers i LEFT JOIN revocations r ON r.certificate = c.id \
         WHERE i.id = c.issuer AND c.not_after >= $1 AND c.not_after >= $2 AND (c.not_after > $2 OR c.id > $3) \
         AND c.not_after < $4 AND c.state = 1 AND r.revoked_at IS NULL{of_ca} AND NOT EXISTS ({LATER}) \
         ORDER BY c.not_after, c.id LIMIT ${limit}"
    );
    (sql, parameters)
}

const LATER: &str = "SELECT 1 FROM certificates l LEFT JOIN revocations o ON o.certificate = l.id \
                     WHERE l.lineage = c.lineage AND l.not_after > c.not_after AND l.state = 1 \
                     AND o.revoked_at IS NULL";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::StoreUrl;
    use crate::database::{Access, Target, at_once, migrate};

    #[test]
    fn the_index_of_ends_is_read_in_its_order() {
        let directory = tempfile::tempdir().unwrap();
        let url = StoreUrl::from(directory.path().join("store.db"));
        let target = Target::new(&url, Access::Create, std::time::Duration::ZERO).unwrap();
        let mut session = at_once(target.connect()).unwrap();
        at_once(migrate(&mut session, Some([0; 16]))).unwrap();
        let now = OffsetDateTime::UNIX_EPOCH;
        for ca in [None, Some("default".to_owned())] {
            let ending = Ending {
                ca,
                before: now,
                after: Some((now, 7)),
                limit: 200,
            };
            let (sql, parameters) = statement(&ending, now);
            let explained = format!("EXPLAIN QUERY PLAN {sql}");
            let rows = at_once(session.query(&explained, parameters)).unwrap();
            let plan: Vec<_> = rows.iter().map(|row| row.text(3).unwrap()).collect();
            let first = "SEARCH c USING INDEX certificates_by_end (not_after>? AND not_after<?)";
            assert_eq!(plan[0], first, "{plan:?}");
            let lineage = "SEARCH l USING INDEX certificates_by_lineage (lineage=?)";
            assert!(plan.contains(&lineage), "{plan:?}");
            let slow = |step: &&&str| step.contains("TEMP B-TREE") || step.starts_with("SCAN");
            assert_eq!(plan.iter().find(slow), None, "{plan:?}");
        }
    }
}
