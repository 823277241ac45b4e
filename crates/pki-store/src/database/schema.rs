//! The schema, and how an older one becomes the present one.

use super::session::Session;
use super::sqlite::APPLICATION_ID;
use super::value::values;
use crate::StoreError;

/// Makes the tables, or those that are missing since an older version. Each step is one transaction.
///
/// # Errors
///
/// [`StoreError::Newer`] for a store that a later version of this crate has changed.
pub(crate) async fn migrate(session: &mut Session, new_id: [u8; 16]) -> Result<(), StoreError> {
    if version(session).await? == known() {
        return Ok(());
    }
    session.begin_write().await?;
    let done = steps(session, new_id).await;
    session
        .batch(if done.is_ok() { "COMMIT" } else { "ROLLBACK" })
        .await?;
    done
}

async fn steps(session: &mut Session, new_id: [u8; 16]) -> Result<(), StoreError> {
    // Again, since another process may have been faster.
    let found = version(session).await?;
    if found > known() {
        return Err(StoreError::Newer {
            found,
            known: known(),
        });
    }
    for (step, sql) in STEPS.iter().enumerate().skip(count(found)) {
        session.batch(&spelled(session, sql)).await?;
        if step == 0 {
            session
                .query(FIRST_ROW, values![new_id, [0_u8; 32]])
                .await?;
            if let Session::Sqlite(_) = session {
                let marked = format!("PRAGMA application_id = {APPLICATION_ID}");
                session.batch(&marked).await?;
            }
        }
    }
    session
        .query("UPDATE store SET version = $1", values![known()])
        .await?;
    Ok(())
}

/// 0 where there is no store yet.
async fn version(session: &mut Session) -> Result<i64, StoreError> {
    let tables = match session {
        Session::Sqlite(_) => "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'store'",
    };
    if session.first(tables, vec![]).await?.is_none() {
        return Ok(0);
    }
    let row = session.first("SELECT version FROM store", vec![]).await?;
    let version = row.map_or(Ok(0), |row| row.int(0))?;
    if version > known() {
        return Err(StoreError::Newer {
            found: version,
            known: known(),
        });
    }
    Ok(version)
}

/// The statements of a step in the types of this database.
fn spelled(session: &Session, sql: &str) -> String {
    let spellings = match session {
        Session::Sqlite(_) => [
            ("@ID@", "INTEGER PRIMARY KEY"),
            ("@INT@", "INTEGER"),
            ("@BLOB@", "BLOB"),
            ("@END@", "STRICT"),
            ("@KEYED@", "STRICT, WITHOUT ROWID"),
        ],
    };
    spellings
        .iter()
        .fold(sql.to_owned(), |sql, (from, to)| sql.replace(from, to))
}

fn known() -> i64 {
    i64::try_from(STEPS.len()).unwrap_or(i64::MAX)
}

fn count(version: i64) -> usize {
    usize::try_from(version).unwrap_or(0)
}

const FIRST_ROW: &str = "INSERT INTO store (one, version, id, revision, audit_seq, audit_hash) VALUES (1, 0, $1, 0, 0, $2)";

/// One for each version, oldest first. What was released is never changed.
const STEPS: [&str; 1] = [include_str!("migrations/0001.sql")];
