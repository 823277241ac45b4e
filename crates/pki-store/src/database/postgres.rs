//! A connection to PostgreSQL.

use std::collections::HashMap;
use std::error::Error as _;
use std::sync::Arc;

use bytes::BytesMut;
use futures_util::future::join_all;
use futures_util::{StreamExt as _, pin_mut};
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Config, Error, NoTls, Socket, Statement};

#[cfg(feature = "tls")]
use super::tls::Connector;
use super::value::{Row, Value};
use crate::StoreError;

/// A server, and how it is reached.
#[derive(Clone)]
pub(crate) struct PostgresServer {
    pub(super) config: Config,
    #[cfg(feature = "tls")]
    pub(super) tls: Option<crate::url::TlsSettings>,
}

impl PostgresServer {
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
    pub(crate) async fn connect(
        server: &PostgresServer,
        lock_timeout: u128,
    ) -> Result<Self, StoreError> {
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

    /// All are sent before the first is answered.
    pub(super) async fn query_each(
        &mut self,
        sql: &str,
        sets: &[Vec<Value>],
    ) -> Result<Vec<Vec<Row>>, StoreError> {
        if sets.is_empty() {
            return Ok(Vec::new());
        }
        let statement = self.prepare(sql).await?;
        let mut all = Vec::with_capacity(sets.len());
        let mut aborted = None;
        for rows in join_all(sets.iter().map(|it| query(&self.client, &statement, it))).await {
            match rows {
                Ok(rows) => all.push(rows.iter().map(owned).collect::<Result<_, _>>()?),
                // What follows the one that failed says no more than that.
                Err(error) if error.code() == Some(&SqlState::IN_FAILED_SQL_TRANSACTION) => {
                    aborted = Some(error);
                }
                Err(error) => return Err(translate(error)),
            }
        }
        aborted.map_or(Ok(all), |error| Err(translate(error)))
    }
}

async fn query(
    client: &Client,
    statement: &Statement,
    parameters: &[Value],
) -> Result<Vec<tokio_postgres::Row>, Error> {
    let mut dynamic: Vec<&(dyn ToSql + Sync)> = Vec::with_capacity(parameters.len());
    for value in parameters {
        dynamic.push(value);
    }
    client.query(statement, &dynamic).await
}

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
