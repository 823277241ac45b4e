//! One connection, to either database.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::postgres::PostgresSession;
use super::sqlite::SqliteSession;
use super::value::{Row, Value};
use crate::StoreError;

/// A connection. The statements are the same text for both databases, with parameters `$1`, `$2`, ...
///
/// Everything here is `async` for PostgreSQL. On SQLite it is ready at once, and [`at_once`] runs it on a thread of its
/// own.
pub(crate) enum Session {
    Sqlite(SqliteSession),
    Postgres(Box<PostgresSession>),
}

impl Session {
    /// Statements without parameters and results.
    pub(crate) async fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(session) => session.batch(sql),
            Self::Postgres(session) => session.batch(sql).await,
        }
    }

    /// The rows of a statement.
    pub(crate) async fn query(
        &mut self,
        sql: &str,
        parameters: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        let mut rows = Vec::new();
        let keep = |row| {
            rows.push(row);
            Ok(())
        };
        self.for_each(sql, parameters, keep).await?;
        Ok(rows)
    }

    /// The rows of a statement, one after the other.
    pub(crate) async fn for_each(
        &mut self,
        sql: &str,
        parameters: Vec<Value>,
        each: impl FnMut(Row) -> Result<(), StoreError> + Send,
    ) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(session) => session.for_each(sql, &parameters, each),
            Self::Postgres(session) => session.for_each(sql, &parameters, each).await,
        }
    }

    /// The first row, if there is one.
    pub(crate) async fn first(
        &mut self,
        sql: &str,
        parameters: Vec<Value>,
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.query(sql, parameters).await?.into_iter().next())
    }

    /// These columns of the one row of table `store`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] if there is none.
    pub(crate) async fn store_row(&mut self, columns: &str) -> Result<Row, StoreError> {
        let sql = format!("SELECT {columns} FROM store");
        let row = self.first(&sql, vec![]).await?;
        row.ok_or_else(|| StoreError::Corrupt {
            what: "its first row is missing".into(),
        })
    }

    /// The rows of the same statement with each of these sets of parameters. PostgreSQL gets them all before it has
    /// answered the first.
    pub(crate) async fn query_each(
        &mut self,
        sql: &str,
        sets: Vec<Vec<Value>>,
    ) -> Result<Vec<Vec<Row>>, StoreError> {
        match self {
            Self::Sqlite(session) => session.query_each(sql, &sets),
            Self::Postgres(session) => session.query_each(sql, &sets).await,
        }
    }

    /// Begins a transaction that reads one state of the database.
    pub(crate) async fn begin_read(&mut self) -> Result<(), StoreError> {
        let sql = match self {
            Self::Sqlite(_) => "BEGIN DEFERRED",
            Self::Postgres(_) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        };
        self.batch(sql).await
    }

    /// Begins a transaction that writes. There is no other one at the same time, in any process.
    pub(crate) async fn begin_write(&mut self) -> Result<(), StoreError> {
        // After the lock each statement sees what was committed before it was given.
        let sql = match self {
            Self::Sqlite(_) => "BEGIN IMMEDIATE",
            Self::Postgres(_) => {
                "BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock(8100413902641328244)"
            }
        };
        self.batch(sql).await
    }
}

/// Runs what never waits: work on an SQLite session.
pub(crate) fn at_once<T>(work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        match work.as_mut().poll(&mut context) {
            Poll::Ready(done) => return done,
            // Not on SQLite; and if it were, this would only be slow.
            Poll::Pending => std::thread::yield_now(),
        }
    }
}
