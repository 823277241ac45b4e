//! The schema, and how an older one becomes the present one.

use super::session::Session;
use super::sqlite::APPLICATION_ID;
use super::value::values;
use crate::StoreError;

/// The version of a schema, which is the number of its steps.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Schema {
    pub(crate) version: i64,
    /// The oldest version of this software that does right with it.
    pub(crate) compatible: i64,
}

impl Schema {
    /// The schema that this software makes.
    pub(crate) fn known() -> Self {
        Self::of(STEPS)
    }

    fn of(steps: &[&str]) -> Self {
        let count = |steps: usize| i64::try_from(steps).unwrap_or(i64::MAX);
        let breaking = steps.iter().rposition(|sql| sql.starts_with(BREAKING));
        Self {
            version: count(steps.len()),
            compatible: breaking.map_or(0, |last| count(last + 1)),
        }
    }

    /// Whether software that knows this schema does right with `found`.
    ///
    /// An older one lacks what is needed, and a newer one says itself whether it has only grown.
    fn accepts(self, found: Self) -> bool {
        found.version == self.version
            || (found.version > self.version && found.compatible <= self.version)
    }
}

/// Makes the tables, or those that are missing since an older version. Each step is one transaction. Returns the schema
/// that was found, and 0 for its version where there was none.
///
/// A store that a later version of this crate has changed stays as it is, if that change leaves old software working:
/// then old and new processes can run side by side.
///
/// # Errors
///
/// [`StoreError::Newer`] if it does not, and [`StoreError::Missing`] where there is no store and no number for a new one.
pub(crate) async fn migrate(
    session: &mut Session,
    new_id: Option<[u8; 16]>,
) -> Result<Schema, StoreError> {
    let found = find(session).await?;
    if Schema::known().accepts(found) {
        return Ok(found);
    }
    session.begin_write().await?;
    let done = steps(session, new_id).await;
    session
        .batch(if done.is_ok() { "COMMIT" } else { "ROLLBACK" })
        .await?;
    done.map(|()| found)
}

/// The schema of a store that is only read: nothing is changed.
///
/// # Errors
///
/// [`StoreError::Foreign`] where there is no store, [`StoreError::Newer`], and [`StoreError::NotMigrated`].
pub(crate) async fn check(session: &mut Session) -> Result<Schema, StoreError> {
    let found = find(session).await?;
    let known = Schema::known();
    match found.version {
        0 => Err(StoreError::Foreign {
            what: "there are no tables in it",
        }),
        _ if known.accepts(found) => Ok(found),
        version => Err(StoreError::NotMigrated {
            found: version,
            known: known.version,
        }),
    }
}

async fn steps(session: &mut Session, new_id: Option<[u8; 16]>) -> Result<(), StoreError> {
    // Again, since another process may have been faster.
    let found = find(session).await?;
    let new_id = match new_id {
        None if found.version == 0 => {
            return Err(StoreError::Missing {
                what: "there are no tables in it",
            });
        }
        new_id => new_id.unwrap_or_default(),
    };
    for (step, sql) in STEPS.iter().enumerate().skip(count(found.version)) {
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
    let Schema {
        version,
        compatible,
    } = Schema::known();
    if found.version < version {
        let sql = "UPDATE store SET version = $1, compatible = $2";
        session.query(sql, values![version, compatible]).await?;
    }
    Ok(())
}

/// 0 where there is no store yet.
async fn find(session: &mut Session) -> Result<Schema, StoreError> {
    let tables = match session {
        Session::Sqlite(_) => "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'store'",
        Session::Postgres(_) => {
            "SELECT 1 FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = 'store'"
        }
    };
    if session.first(tables, vec![]).await?.is_none() {
        return Ok(Schema {
            version: 0,
            compatible: 0,
        });
    }
    let row = session.first("SELECT version FROM store", vec![]).await?;
    let version = row.map_or(Ok(0), |row| row.int(0))?;
    let known = Schema::known();
    if version <= known.version {
        let compatible = known.compatible.min(version);
        return Ok(Schema {
            version,
            compatible,
        });
    }
    let compatible = session
        .first("SELECT compatible FROM store", vec![])
        .await?;
    let found = Schema {
        version,
        compatible: compatible.map_or(Ok(version), |row| row.int(0))?,
    };
    match known.accepts(found) {
        true => Ok(found),
        false => Err(StoreError::Newer {
            found: version,
            known: known.version,
        }),
    }
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
        Session::Postgres(_) => [
            (
                "@ID@",
                "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY",
            ),
            ("@INT@", "BIGINT"),
            ("@BLOB@", "BYTEA"),
            ("@END@", ""),
            ("@KEYED@", ""),
        ],
    };
    spellings
        .iter()
        .fold(sql.to_owned(), |sql, (from, to)| sql.replace(from, to))
}

fn count(version: i64) -> usize {
    usize::try_from(version).unwrap_or(0)
}

const FIRST_ROW: &str = "INSERT INTO store (one, version, id, revision, audit_seq, audit_hash) VALUES (1, 0, $1, 0, 0, $2)";

/// How a step begins after which older software must not use the store any more. All others add something, and what
/// they add has a default.
const BREAKING: &str = "-- breaking";

/// One for each version, oldest first. What was released is never changed.
const STEPS: &[&str] = &[
    include_str!("migrations/0001.sql"),
    include_str!("migrations/0002.sql"),
    include_str!("migrations/0003-processes.sql"),
    include_str!("migrations/0004-upstream.sql"),
    include_str!("migrations/0005-attestation.sql"),
    include_str!("migrations/0006-acme.sql"),
    include_str!("migrations/0007-lists.sql"),
    include_str!("migrations/0008-upstream-requests.sql"),
    include_str!("migrations/0009-fingerprints.sql"),
    include_str!("migrations/0010-lineages.sql"),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// What a step changes that processes of the release before would not bear, if it changes anything.
    ///
    /// They know nothing of new columns, so that these need a default or may be empty, and they do not know what else has
    /// to be unique from now on. An index that is made anew under its name changes no answer.
    fn does_not_only_add(step: &str) -> Option<String> {
        let lines = step.lines().filter(|line| !line.starts_with("--"));
        let sql = lines.collect::<Vec<_>>().join(" ");
        let mut made = Vec::new();
        let mut dropped = Vec::new();
        for statement in sql.split(';') {
            let words: Vec<_> = statement.split_whitespace().collect();
            let adds = match words[..] {
                [] => true,
                ["CREATE", "TABLE", table, ..] => {
                    made.push(table);
                    true
                }
                ["DROP", "INDEX", index] => {
                    dropped.push(index);
                    true
                }
                ["CREATE", "INDEX", index, ..] => {
                    dropped.retain(|it| *it != index);
                    true
                }
                ["CREATE", "UNIQUE", "INDEX", _, "ON", table, ..] => made.contains(&table),
                ["ALTER", "TABLE", _, "ADD", "COLUMN", _, ref column @ ..] => {
                    let has = |words: &[&str]| column.windows(words.len()).any(|it| it == words);
                    let is_filled = !has(&["NOT", "NULL"]) || has(&["DEFAULT"]);
                    is_filled && !has(&["UNIQUE"]) && !has(&["CHECK"])
                }
                _ => false,
            };
            if !adds {
                return Some(words.join(" "));
            }
        }
        dropped.first().map(|index| format!("DROP INDEX {index}"))
    }

    #[test]
    fn steps_only_add_unless_they_say_that_they_break() {
        // The first one makes the schema.
        for step in STEPS.iter().skip(1) {
            if !step.starts_with(BREAKING) {
                assert_eq!(does_not_only_add(step), None);
            }
        }
        for bad in [
            "DROP TABLE tokens",
            "DROP INDEX approvals_pending",
            "DROP INDEX approvals_pending; CREATE INDEX approvals_open ON approvals (ca)",
            "CREATE INDEX i ON tokens (ca); DROP INDEX i",
            "ALTER TABLE tokens DROP COLUMN uses",
            "ALTER TABLE tokens RENAME COLUMN uses TO allowed",
            "ALTER TABLE tokens RENAME TO tickets",
            "ALTER TABLE tokens ADD COLUMN colour TEXT NOT NULL",
            "ALTER TABLE tokens ADD COLUMN colour TEXT UNIQUE",
            "CREATE UNIQUE INDEX tokens_by_profile ON tokens (profile)",
            "CREATE TRIGGER t AFTER INSERT ON tokens BEGIN SELECT 1; END",
            "UPDATE tokens SET uses = 0",
            "-- a comment\nCREATE INDEX i ON tokens (ca);\nDELETE FROM tokens",
        ] {
            assert!(does_not_only_add(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn a_schema_that_has_only_grown_is_accepted_by_older_software() {
        let old = Schema::of(&["-- a", "-- b"]);
        let grown = Schema::of(&["-- a", "-- b", "-- c"]);
        let broken = Schema::of(&["-- a", "-- b", "-- breaking: d", "-- e"]);
        assert_eq!((broken.version, broken.compatible), (4, 3));
        for (software, store, accepted) in [
            (old, old, true),
            (old, grown, true),
            (old, broken, false),
            (grown, broken, true),
            (broken, grown, false),
            (grown, old, false),
        ] {
            assert_eq!(software.accepts(store), accepted, "{software:?} {store:?}");
        }
    }
}
