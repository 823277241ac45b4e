//! Statements that are sent, and whose rows come later.

use std::ops::Range;

use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Error, Statement};

use super::value::owned;
use crate::StoreError;
use crate::database::{Row, Value};

/// A statement that is sent, for one set of parameters or for several.
pub(super) struct Request<'w> {
    /// For which piece of work, and which of its sets.
    pub(super) work: usize,
    pub(super) sets: Range<usize>,
    pub(super) statement: Statement,
    pub(super) parameters: Parameters<'w>,
    /// Whether a row begins with the number of the set that it belongs to.
    pub(super) is_numbered: bool,
}

pub(super) enum Parameters<'w> {
    Set(&'w [Value]),
    /// An array for each.
    Columns(Vec<Vec<&'w Value>>),
}

impl Request<'_> {
    pub(super) async fn send(&self, client: &Client) -> Result<Vec<tokio_postgres::Row>, Error> {
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
    pub(super) fn answer(
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
pub(super) fn element_type(kind: &Type) -> Option<&'static str> {
    match *kind {
        Type::BYTEA => Some("bytea"),
        Type::INT8 => Some("bigint"),
        Type::TEXT => Some("text"),
        _ => None,
    }
}
