//! A connection to PostgreSQL.

mod connect;
mod error;
mod request;
mod value;

use std::collections::HashMap;

use futures_util::future::{join, join_all};
use futures_util::{StreamExt as _, pin_mut};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Statement};
use uuid::Uuid;

use self::connect::Warned;
use self::error::translate;
use self::request::{Parameters, Request, element_type};
use self::value::owned;
use super::many::{Answers, Many, Work};
use super::value::{Row, Value};
use crate::StoreError;
use crate::url::Server;

/// A connection, and the statements that it has prepared.
pub(crate) struct PostgresSession {
    client: Client,
    statements: HashMap<String, Statement>,
    warned: Warned,
    begin_read: String,
    begin_write: String,
}

impl PostgresSession {
    /// Connects, and has the connection driven by the runtime.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] if the server does not answer, or is not the one that TLS should lead to.
    pub(crate) async fn connect(server: &Server, lock_timeout: u128) -> Result<Self, StoreError> {
        let (client, warned) = server.connect().await?;
        let own = own_connection(Uuid::new_v4());
        let session = Self {
            client,
            statements: HashMap::new(),
            warned,
            begin_read: format!("{BEGIN_READ}; {}", own.check),
            begin_write: format!("{BEGIN_WRITE}; {}; {LOCK_WRITERS}", own.check),
        };
        // A statement that was planned when its table was empty would go on reading all of it, and there is an index for
        // each. Where there is none that makes a plan look expensive, and compiling it takes longer than running it.
        let settings = format!(
            "SET lock_timeout = {lock_timeout}; SET client_min_messages = warning; SET enable_seqscan = off; \
             SET jit = off; {NOTICE_THE_CLIENT}; {NOT_OF_THE_ROLE}; {}",
            own.mark
        );
        session.batch(&settings).await?;
        Ok(session)
    }

    pub(super) async fn batch(&self, sql: &str) -> Result<(), StoreError> {
        self.client.batch_execute(sql).await.map_err(translate)
    }

    /// Begins a transaction that reads one state of the database.
    pub(super) async fn begin_read(&self) -> Result<(), StoreError> {
        self.batch(&self.begin_read).await
    }

    /// Begins a transaction that writes.
    pub(super) async fn begin_write(&self) -> Result<(), StoreError> {
        self.batch(&self.begin_write).await
    }

    /// The same, and the rows of `sql`, which is sent together with it.
    pub(super) async fn begin_write_and_query(
        &mut self,
        sql: &str,
    ) -> Result<Vec<Row>, StoreError> {
        let statement = self.prepare(sql).await?;
        let (begun, rows) = join(
            self.client.batch_execute(&self.begin_write),
            self.client.query(&statement, &[]),
        )
        .await;
        begun.map_err(translate)?;
        rows.map_err(translate)?.iter().map(owned).collect()
    }

    /// Changes nothing, and commits. What the server has warned of meanwhile makes it unknown whether that has happened.
    pub(super) async fn commit_unchanged(&self) -> Result<(), StoreError> {
        self.warned.forget();
        self.batch(COMMIT_UNCHANGED).await?;
        self.warned.check()
    }

    /// All of this work, and a commit as [`commit_unchanged`](Self::commit_unchanged) with it.
    pub(super) async fn commit_with(&mut self, work: &[Work<'_>]) -> Result<(), StoreError> {
        self.warned.forget();
        self.all(work, Some(COMMIT)).await?;
        self.warned.check()
    }

    async fn prepare(&mut self, sql: &str) -> Result<Statement, StoreError> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql).await.map_err(translate)?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    pub(super) async fn for_each(
        &mut self,
        sql: &str,
        parameters: &[Value],
        mut each: impl FnMut(Row) -> Result<(), StoreError> + Send,
    ) -> Result<(), StoreError> {
        let statement = self.prepare(sql).await?;
        let rows = self.client.query_raw(&statement, parameters).await;
        let rows = rows.map_err(translate)?;
        pin_mut!(rows);
        while let Some(row) = rows.next().await {
            each(owned(&row.map_err(translate)?)?)?;
        }
        Ok(())
    }

    /// All is sent before the first is answered, and `end` after it.
    pub(super) async fn all(
        &mut self,
        work: &[Work<'_>],
        end: Option<&str>,
    ) -> Result<Vec<Answers>, StoreError> {
        let mut requests = Vec::new();
        for (index, work) in work.iter().enumerate() {
            self.requests(index, work, &mut requests).await?;
        }
        let client = &self.client;
        let ended = async {
            match end {
                Some(end) => client.batch_execute(end).await,
                None => Ok(()),
            }
        };
        let sent = join_all(requests.iter().map(|it| it.send(client)));
        let (sent, ended) = join(sent, ended).await;
        let mut all: Vec<Answers> = work
            .iter()
            .map(|(_, sets)| vec![Vec::new(); sets.len()])
            .collect();
        let mut aborted = None;
        for (request, rows) in requests.iter().zip(sent) {
            match rows {
                Ok(rows) => {
                    let answers = all.get_mut(request.work).map(Vec::as_mut_slice);
                    request.answer(&rows, answers.unwrap_or_default())?;
                }
                // What follows the one that failed says no more than that.
                Err(error) if error.code() == Some(&SqlState::IN_FAILED_SQL_TRANSACTION) => {
                    aborted = Some(error);
                }
                Err(error) => return Err(translate(error)),
            }
        }
        if let Some(error) = aborted {
            return Err(translate(error));
        }
        ended.map_err(translate)?;
        Ok(all)
    }

    /// What is sent for a piece of work: many sets in one request, if the statement has a form for that.
    async fn requests<'w>(
        &mut self,
        index: usize,
        (statement, sets): &'w Work<'_>,
        requests: &mut Vec<Request<'w>>,
    ) -> Result<(), StoreError> {
        let Some(first) = sets.first() else {
            return Ok(());
        };
        let one = self.prepare(&statement.for_one(first.len())).await?;
        let types = one.params().iter().map(element_type);
        let many = match types.collect::<Option<Vec<_>>>() {
            Some(types) if sets.len() > 1 && !types.is_empty() => statement.for_many(&types),
            _ => None,
        };
        let Some(many) = many else {
            requests.extend(sets.iter().enumerate().map(|(at, set)| Request {
                work: index,
                statement: one.clone(),
                sets: at..at + 1,
                parameters: Parameters::Set(set),
                is_numbered: false,
            }));
            return Ok(());
        };
        let many = self.prepare(&many).await?;
        for (chunk, part) in sets.chunks(TOGETHER).enumerate() {
            let column = |at: usize| {
                let values = part.iter().map(|set| set.get(at).unwrap_or(&Value::Null));
                values.collect()
            };
            let start = chunk * TOGETHER;
            requests.push(Request {
                work: index,
                statement: many.clone(),
                sets: start..start + part.len(),
                parameters: Parameters::Columns((0..first.len()).map(column).collect()),
                is_numbered: matches!(statement, Many::Select(_)),
            });
        }
        Ok(())
    }
}

/// What a connection is known again by.
struct Own {
    mark: String,
    check: String,
}

/// What this process has set and prepared belongs to a connection of the server. A pooler that gives each transaction another
/// one would have it run statements that others have prepared, under settings of others. So each transaction looks first
/// whether this is still the connection that was set up, and fails by a division by zero if it is not.
fn own_connection(mark: Uuid) -> Own {
    Own {
        mark: format!("SET mtls.connection = '{mark}'"),
        check: format!(
            "SELECT 1 / (coalesce(current_setting('mtls.connection', true), '') = '{mark}')::int"
        ),
    }
}

const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// After the lock each statement sees what was committed before it was given.
const BEGIN_WRITE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
const LOCK_WRITERS: &str = "SELECT pg_advisory_xact_lock(8100413902641328244)";

const COMMIT: &str = "COMMIT";
const COMMIT_UNCHANGED: &str = "UPDATE store SET revision = revision; COMMIT";

/// A client whose machine is gone must not keep the lock on all writers until the server's system gives up on its
/// connection, which by default takes hours.
const NOTICE_THE_CLIENT: &str = "SET idle_in_transaction_session_timeout = 30000; SET tcp_keepalives_idle = 5; \
                                 SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3";

/// What was set for the role or the database, for people perhaps. A revocation of thousands or a new schema may take longer
/// than a person waits, and a commit that waits for a disk or a standby is to take as long as that takes. What waits for
/// another writer has a limit of its own. And what is acknowledged is on a disk, and on a standby where there is one.
/// Older servers lack some of these settings.
const NOT_OF_THE_ROLE: &str = "SELECT set_config(name, CASE name WHEN 'synchronous_commit' THEN 'on' ELSE '0' END, false) \
                               FROM pg_settings WHERE name IN ('idle_session_timeout', 'statement_timeout', \
                               'transaction_timeout') OR name = 'synchronous_commit' AND setting IN ('local', 'off')";

/// Sets in one statement, so that no message is larger than it needs to be.
const TOGETHER: usize = 1000;
