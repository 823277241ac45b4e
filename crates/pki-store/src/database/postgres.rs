//! A connection to PostgreSQL.

use std::collections::HashMap;
use std::error::Error as _;
use std::ops::Range;
use std::sync::Arc;

use bytes::BytesMut;
use futures_util::future::{join, join_all};
use futures_util::{StreamExt as _, pin_mut};
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Error, NoTls, Socket, Statement};

use super::many::{Answers, Many, Work};
#[cfg(feature = "tls")]
use super::tls::Connector;
use super::value::{Row, Value};
use crate::StoreError;
use crate::url::Server;

impl Server {
    /// Opens a connection, which the runtime drives.
    async fn connect(&self) -> Result<Client, StoreError> {
        #[cfg(feature = "tls")]
        if let Some(settings) = self.tls.clone() {
            let read = tokio::task::spawn_blocking(move || Connector::read(&settings)).await;
            let connector = read.map_err(|_| StoreError::Closed)?;
            return self.connect_by(connector.map_err(StoreError::Tls)?).await;
        }
        self.connect_by(NoTls).await
    }

    async fn connect_by<T>(&self, tls: T) -> Result<Client, StoreError>
    where
        T: MakeTlsConnect<Socket, Stream: Send + 'static>,
    {
        let (client, connection) = self.config.connect(tls).await.map_err(unavailable)?;
        tokio::spawn(async move {
            // Its users hear of it by themselves.
            if let Err(error) = connection.await {
                tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    "connection to PostgreSQL ended"
                );
            }
        });
        Ok(client)
    }
}

/// A connection, and the statements that it has prepared.
pub(crate) struct PostgresSession {
    client: Client,
    statements: HashMap<String, Statement>,
}

impl PostgresSession {
    /// Connects, and has the connection driven by the runtime.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] if the server does not answer, or is not the one that TLS should lead to.
    pub(crate) async fn connect(server: &Server, lock_timeout: u128) -> Result<Self, StoreError> {
        let client = server.connect().await?;
        let session = Self {
            client,
            statements: HashMap::new(),
        };
        // A statement that was planned when its table was empty would go on reading all of it, and there is an index for
        // each. Where there is none that makes a plan look expensive, and compiling it takes longer than running it.
        let settings = format!(
            "SET lock_timeout = {lock_timeout}; SET client_min_messages = warning; SET enable_seqscan = off; \
             SET jit = off"
        );
        session.batch(&settings).await?;
        Ok(session)
    }

    pub(super) async fn batch(&self, sql: &str) -> Result<(), StoreError> {
        self.client.batch_execute(sql).await.map_err(translate)
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

    /// The rows of `sql`, which is sent together with the statements of `batch` before it.
    pub(super) async fn query_after(
        &mut self,
        batch: &str,
        sql: &str,
    ) -> Result<Vec<Row>, StoreError> {
        let statement = self.prepare(sql).await?;
        let client = &self.client;
        let (done, rows) = join(client.batch_execute(batch), client.query(&statement, &[])).await;
        done.map_err(translate)?;
        rows.map_err(translate)?.iter().map(owned).collect()
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

/// A statement that is sent, for one set of parameters or for several.
struct Request<'w> {
    /// For which piece of work, and which of its sets.
    work: usize,
    sets: Range<usize>,
    statement: Statement,
    parameters: Parameters<'w>,
    /// Whether a row begins with the number of the set that it belongs to.
    is_numbered: bool,
}

enum Parameters<'w> {
    Set(&'w [Value]),
    /// An array for each.
    Columns(Vec<Vec<&'w Value>>),
}

impl Request<'_> {
    async fn send(&self, client: &Client) -> Result<Vec<tokio_postgres::Row>, Error> {
        let mut dynamic: Vec<&(dyn ToSql + Sync)> = Vec::new();
        match &self.parameters {
            Parameters::Set(values) => {
                for value in *values {
                    dynamic.push(value);
                }
            }
            Parameters::Columns(columns) => {
                for column in columns {
                    dynamic.push(column);
                }
            }
        }
        client.query(&self.statement, &dynamic).await
    }

    /// Puts the rows where they belong.
    fn answer(
        &self,
        rows: &[tokio_postgres::Row],
        answers: &mut [Vec<Row>],
    ) -> Result<(), StoreError> {
        let answers = answers.get_mut(self.sets.clone()).unwrap_or_default();
        for (position, row) in rows.iter().enumerate() {
            let mut row = owned(row)?;
            let set = match self.parameters {
                Parameters::Set(_) => 0,
                Parameters::Columns(_) if self.is_numbered => {
                    let number = row.count(0)?;
                    row.0.remove(0);
                    usize::try_from(number).unwrap_or(0).wrapping_sub(1)
                }
                // Rows are added, and said to be, in the order in which they were given.
                Parameters::Columns(_) => position,
            };
            let answer = answers.get_mut(set).ok_or_else(|| StoreError::Corrupt {
                what: "PostgreSQL answers what it was not asked".into(),
            })?;
            answer.push(row);
        }
        Ok(())
    }
}

/// By the name that a cast takes.
fn element_type(kind: &Type) -> Option<&'static str> {
    match *kind {
        Type::BYTEA => Some("bytea"),
        Type::INT8 => Some("bigint"),
        Type::TEXT => Some("text"),
        _ => None,
    }
}

/// Sets in one statement, so that no message is larger than it needs to be.
const TOGETHER: usize = 1000;

impl ToSql for Value {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(number) => number.to_sql(kind, out),
            Self::Text(text) => text.to_sql(kind, out),
            Self::Blob(bytes) => bytes.to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        [Type::INT8, Type::TEXT, Type::BYTEA].contains(kind)
    }

    to_sql_checked!();
}

fn owned(row: &tokio_postgres::Row) -> Result<Row, StoreError> {
    let value = |(column, kind): (usize, &Type)| {
        let value = if *kind == Type::INT8 {
            row.try_get::<_, Option<i64>>(column).map(Value::from)
        } else if *kind == Type::INT4 {
            let number = row.try_get::<_, Option<i32>>(column);
            number.map(|number| Value::from(number.map(i64::from)))
        } else if *kind == Type::BYTEA {
            row.try_get::<_, Option<Vec<u8>>>(column).map(Value::from)
        } else {
            row.try_get::<_, Option<String>>(column).map(Value::from)
        };
        value.map_err(translate)
    };
    let columns = row.columns().iter().map(tokio_postgres::Column::type_);
    columns
        .enumerate()
        .map(value)
        .collect::<Result<_, _>>()
        .map(Row)
}

fn translate(error: Error) -> StoreError {
    let Some(code) = error.code() else {
        return if error.is_closed() || is_io(&error) {
            unavailable(error)
        } else {
            StoreError::Database(Arc::new(error))
        };
    };
    match code.code() {
        "55P03" => StoreError::Locked(Arc::new(error)),
        "53100" => StoreError::Disk(Arc::new(error)),
        // A column or a table that is not ours: this schema belongs to somebody.
        "42P07" | "42703" => StoreError::Foreign {
            what: "a database with tables of another program",
        },
        // A standby after a failover; a connection to the former leader, too.
        "25006" => unavailable(error),
        class if class.starts_with("08") || class.starts_with("57P") || class.starts_with("53") => {
            unavailable(error)
        }
        _ => StoreError::Database(Arc::new(error)),
    }
}

fn is_io(error: &Error) -> bool {
    let source = error.source();
    source.is_some_and(|source| source.is::<std::io::Error>())
}

fn unavailable(error: Error) -> StoreError {
    StoreError::Unavailable(Arc::new(error))
}
