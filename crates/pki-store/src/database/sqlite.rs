//! A connection to SQLite.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, ErrorCode, OpenFlags, params_from_iter};

use super::many::{Answers, Work};
use super::value::{Row, Value};
use crate::StoreError;

/// A connection, and the statements that it has prepared.
pub(crate) struct SqliteSession {
    connection: Connection,
}

impl SqliteSession {
    /// Opens the file, and makes it, for its owner alone, if there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError::Foreign`] for a file that is something else, [`StoreError::Open`] for one that cannot be opened.
    pub(crate) fn open(path: &Path, busy: Duration) -> Result<Self, StoreError> {
        // SQLite gives the files beside this one the same permissions.
        let created = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path);
        created.map_err(|source| StoreError::Open {
            path: path.to_owned(),
            source: Arc::new(source),
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
        Ok(Self { connection })
    }

    pub(super) fn batch(&self, sql: &str) -> Result<(), StoreError> {
        self.connection.execute_batch(sql).map_err(translate)
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
        let mut statement = self.prepare(&statement.for_one(first.len()))?;
        let mut all = Vec::with_capacity(sets.len());
        for parameters in sets {
            let mut rows = Vec::new();
            rows_of(&mut statement, parameters, |row| {
                rows.push(row);
                Ok(())
            })?;
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
