//! A connection to SQLite.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, ErrorCode, OpenFlags, params_from_iter};

use super::access::Access;
use super::many::{Answers, Many, Work};
use super::value::{Row, Value};
use crate::StoreError;
use crate::owner_only::owner_only;

/// A connection, and the statements that it has prepared.
pub(crate) struct SqliteSession {
    connection: Connection,
}

impl SqliteSession {
    /// Opens the file, and with [`Access::Create`] makes it, for its owner alone, if there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`] where there is none, [`StoreError::Foreign`] for a file that is something else, [`StoreError::Open`] for one that cannot be opened.
    pub(crate) fn open(path: &Path, access: Access, busy: Duration) -> Result<Self, StoreError> {
        usable(path, access).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound if access != Access::Create => StoreError::Missing {
                what: "the file is not there",
            },
            _ => StoreError::Open {
                path: path.to_owned(),
                source: Arc::new(source),
            },
        })?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(translate)?;
        connection.busy_timeout(busy).map_err(translate)?;
        connection.set_prepared_statement_cache_capacity(128);
        let found: i64 = connection
            .pragma_query_value(None, "application_id", |row| row.get(0))
            .map_err(translate)?;
        let tables: i64 = connection
            .query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))
            .map_err(translate)?;
        if found != APPLICATION_ID && (found != 0 || tables != 0) {
            return Err(StoreError::Foreign {
                what: "an SQLite database of another program",
            });
        }
        let settings = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
                        PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;";
        connection.execute_batch(settings).map_err(translate)?;
        if access == Access::Read {
            let settings = "PRAGMA query_only = ON";
            connection.execute_batch(settings).map_err(translate)?;
        }
        Ok(Self { connection })
    }

    pub(super) fn batch(&self, sql: &str) -> Result<(), StoreError> {
        self.connection.execute_batch(sql).map_err(translate)
    }

    /// A statement without parameters and results that is run again and again.
    pub(super) fn again(&self, sql: &'static str) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(translate)?;
        statement.execute([]).map(drop).map_err(translate)
    }

    pub(super) fn for_each(
        &self,
        sql: &str,
        parameters: &[Value],
        each: impl FnMut(Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        rows_of(&mut self.prepare(sql)?, parameters, each)
    }

    /// Prepared once, for all sets.
    pub(super) fn each(&self, (statement, sets): &Work<'_>) -> Result<Answers, StoreError> {
        let Some(first) = sets.first() else {
            return Ok(Vec::new());
        };
        let mut prepared = self.prepare(&statement.bare(first.len()))?;
        let mut all = Vec::with_capacity(sets.len());
        for parameters in sets {
            let mut rows = Vec::new();
            match statement {
                // What RETURNING gives, SQLite first writes into a table of its own.
                Many::Numbered { known_by, .. } => {
                    let bound = params_from_iter(parameters);
                    prepared.execute(bound).map_err(translate)?;
                    let number = Value::Int(self.connection.last_insert_rowid());
                    rows.push(Row([number]
                        .into_iter()
                        .chain(parameters.get(known_by.1).cloned())
                        .collect()));
                }
                Many::Update(_) => {
                    let bound = params_from_iter(parameters);
                    let changed = prepared.execute(bound).map_err(translate)?;
                    rows.resize(changed, Row(Vec::new()));
                }
                _ => rows_of(&mut prepared, parameters, |row| {
                    rows.push(row);
                    Ok(())
                })?,
            }
            all.push(rows);
        }
        Ok(all)
    }

    fn prepare(&self, sql: &str) -> Result<CachedStatement<'_>, StoreError> {
        // To SQLite $2 is a name, and ?2 the second parameter.
        let sql = sql.replace('$', "?");
        self.connection.prepare_cached(&sql).map_err(translate)
    }
}

/// Whether the file can be opened; with [`Access::Create`] it is made if there is none.
///
/// A file that is there is not opened for that: as soon as this process closes it, the system drops the locks of all
/// connections that it has to it (POSIX). Then another program takes itself for the last one, and removes the log that
/// this one writes on.
fn usable(path: &Path, access: Access) -> io::Result<()> {
    if access == Access::Create {
        // SQLite gives the files beside this one the same permissions.
        match owner_only().write(true).create_new(true).open(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map(drop),
        }
    }
    if std::fs::metadata(path)?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    #[cfg(unix)]
    {
        use rustix::fs::{Access, AtFlags, CWD, accessat};
        let both = Access::READ_OK | Access::WRITE_OK;
        accessat(CWD, path, both, AtFlags::EACCESS)?;
    }
    Ok(())
}

fn rows_of(
    statement: &mut CachedStatement<'_>,
    parameters: &[Value],
    mut each: impl FnMut(Row) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let columns = statement.column_count();
    let mut rows = statement
        .query(params_from_iter(parameters))
        .map_err(translate)?;
    while let Some(row) = rows.next().map_err(translate)? {
        let read = |column| row.get_ref(column).map_err(translate).and_then(owned);
        each(Row((0..columns).map(read).collect::<Result<_, _>>()?))?;
    }
    Ok(())
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn owned(value: ValueRef<'_>) -> Result<Value, StoreError> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Int(number),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
        ValueRef::Text(text) => Value::Text(
            std::str::from_utf8(text)
                .map_err(|_| StoreError::Corrupt {
                    what: "a text in the database is not UTF-8".into(),
                })?
                .to_owned(),
        ),
        ValueRef::Real(_) => {
            return Err(StoreError::Corrupt {
                what: "a number in the database is not whole".into(),
            });
        }
    })
}

fn translate(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => StoreError::Foreign {
            what: "not an SQLite database",
        },
        Some(ErrorCode::DatabaseCorrupt) => StoreError::Corrupt {
            what: "SQLite says that the file is damaged".into(),
        },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            StoreError::Locked(Arc::new(error))
        }
        // A limit on the size of files shows as a failed write.
        Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure) => StoreError::Disk(Arc::new(error)),
        Some(ErrorCode::ReadOnly) => StoreError::ReadOnly(Arc::new(error)),
        _ => StoreError::Database(Arc::new(error)),
    }
}

/// "pkiS", by which SQLite tells our files from others'.
pub(super) const APPLICATION_ID: i64 = 0x706B_6953;

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    /// The locks that this process has on the file itself, of which each reader and writer of a WAL database keeps one.
    fn locks(path: &Path) -> usize {
        let id = format!(" {} ", std::process::id());
        let inode = format!(":{} ", std::fs::metadata(path).unwrap().ino());
        let all = std::fs::read_to_string("/proc/locks").unwrap();
        let ours = all
            .lines()
            .filter(|it| it.contains(&id) && it.contains(&inode));
        ours.filter(|it| it.contains("POSIX")).count()
    }

    #[test]
    fn a_further_connection_leaves_the_locks_of_the_others() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store.db");
        let open = |access| SqliteSession::open(&path, access, Duration::ZERO).unwrap();
        let first = open(Access::Create);
        let made = format!("PRAGMA application_id = {APPLICATION_ID}; CREATE TABLE t (a)");
        first.batch(&made).unwrap();
        assert_eq!(locks(&path), 1);
        // The locks of one process are one.
        let others = [open(Access::Read), open(Access::Write)];
        assert_eq!(locks(&path), 1);
        drop(others);
        assert_eq!(locks(&path), 1);
        first.batch("INSERT INTO t VALUES (1)").unwrap();
        drop(first);
        assert_eq!(locks(&path), 0);
    }
}
