//! One connection, to either database.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::many::{Answers, Many, Work};
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
        the_store_row(self.query(&store_row_sql(columns), vec![]).await?)
    }

    /// The rows of each statement, for each of its sets of parameters.
    ///
    /// PostgreSQL gets all of it before it has answered the first, and what reads or inserts for many sets as one
    /// statement.
    pub(crate) async fn all(&mut self, work: Vec<Work<'_>>) -> Result<Vec<Answers>, StoreError> {
        match self {
            Self::Sqlite(session) => work.iter().map(|work| session.each(work)).collect(),
            Self::Postgres(session) => session.all(&work, None).await,
        }
    }

    /// The same, and the end of the transaction with it. After an error nothing of the transaction is left.
    pub(crate) async fn commit_with(&mut self, work: Vec<Work<'_>>) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(session) => {
                for work in &work {
                    session.each(work)?;
                }
                session.again("COMMIT")
            }
            Self::Postgres(session) => session.commit_with(&work).await,
        }
    }

    /// Ends a transaction that has found everything as it should be, and answers with what it has found.
    ///
    /// That may have been written by a commit which nobody has heard the end of, and which is on no standby yet. So this
    /// one writes, too: what it waits for comes later in the log of the server.
    pub(crate) async fn commit_unchanged(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(session) => session.again("COMMIT"),
            Self::Postgres(session) => session.commit_unchanged().await,
        }
    }

    /// The rows of the same statement with each of these sets of parameters.
    pub(crate) async fn query_each(
        &mut self,
        statement: Many<'_>,
        sets: Vec<Vec<Value>>,
    ) -> Result<Answers, StoreError> {
        let all = self.all(vec![(statement, sets)]).await?;
        Ok(all.into_iter().next().unwrap_or_default())
    }

    /// Whether a statement has changed anything.
    pub(crate) async fn changes(
        &mut self,
        sql: &str,
        parameters: Vec<Value>,
    ) -> Result<bool, StoreError> {
        let changed = self.query_each(Many::Update(sql), vec![parameters]).await?;
        Ok(changed.into_iter().any(|rows| !rows.is_empty()))
    }

    /// Begins a transaction that reads one state of the database.
    pub(crate) async fn begin_read(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(session) => session.batch("BEGIN DEFERRED"),
            Self::Postgres(session) => session.begin_read().await,
        }
    }

    /// Begins a transaction that writes. There is no other one at the same time, in any process.
    pub(crate) async fn begin_write(&mut self) -> Result<(), StoreError> {
        let begun = match self {
            Self::Sqlite(session) => session.again("BEGIN IMMEDIATE"),
            Self::Postgres(session) => session.begin_write().await,
        };
        self.or_roll_back(begun).await
    }

    /// The same, and then [`store_row`](Self::store_row).
    pub(crate) async fn begin_write_at(&mut self, columns: &str) -> Result<Row, StoreError> {
        let read = match self {
            Self::Sqlite(_) => {
                self.begin_write().await?;
                self.store_row(columns).await
            }
            Self::Postgres(session) => {
                let sql = store_row_sql(columns);
                let rows = session.begin_write_and_query(&sql).await;
                rows.and_then(the_store_row)
            }
        };
        self.or_roll_back(read).await
    }

    /// A lock that was not to be had leaves a transaction that has failed.
    async fn or_roll_back<T>(&mut self, begun: Result<T, StoreError>) -> Result<T, StoreError> {
        if begun.is_err() {
            let _ = self.batch("ROLLBACK").await;
        }
        begun
    }
}

fn store_row_sql(columns: &str) -> String {
    format!("SELECT {columns} FROM store")
}

fn the_store_row(rows: Vec<Row>) -> Result<Row, StoreError> {
    rows.into_iter().next().ok_or_else(|| StoreError::Corrupt {
        what: "its first row is missing".into(),
    })
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
