//! The tables of a store, as the database describes them.

use std::collections::BTreeSet;

use crate::StoreError;
use crate::database::{Row, Session, Value, values};

/// A table.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Table {
    pub(super) name: String,
    /// In the order of their names, which is the same in both databases.
    columns: Vec<String>,
    /// The columns of its primary key, in their order.
    key: Vec<String>,
}

/// All tables but those about processes that run, each after those that it refers to.
pub(super) async fn read(session: &mut Session) -> Result<Vec<Table>, StoreError> {
    let (names, references) = match session {
        Session::Sqlite(_) => (SQLITE_TABLES, SQLITE_REFERENCES),
        Session::Postgres(_) => (POSTGRES_TABLES, POSTGRES_REFERENCES),
    };
    let names = texts(session.query(names, values![]).await?)?;
    let mut open: Vec<_> = names.into_iter().filter(|it| it != PROCESSES).collect();
    let mut references: Vec<(String, String)> = session
        .query(references, values![])
        .await?
        .iter()
        .map(|row| Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned())))
        .collect::<Result<_, StoreError>>()?;
    references.retain(|(from, to)| from != to);
    let mut tables = Vec::with_capacity(open.len());
    while !open.is_empty() {
        let waits = |name: &String| {
            let mut references = references.iter();
            references.any(|(from, to)| from == name && open.contains(to))
        };
        let (later, ready): (Vec<_>, Vec<_>) = open.iter().cloned().partition(waits);
        if ready.is_empty() {
            let what = "its tables refer to each other in a circle".into();
            return Err(StoreError::Corrupt { what });
        }
        for name in ready {
            tables.push(Table::read(session, name).await?);
        }
        open = later;
    }
    Ok(tables)
}

/// The first table that is not the same in both.
pub(super) fn first_difference(here: &[Table], there: &[Table]) -> Option<String> {
    let one_of = |tables: &[Table], others: &[Table]| {
        let mut tables = tables.iter();
        let found = tables.find(|table| !others.contains(table));
        found.map(|table| table.name.clone())
    };
    one_of(here, there).or_else(|| one_of(there, here))
}

/// New rows have higher numbers than those that were copied.
pub(super) async fn continue_numbers(
    session: &mut Session,
    table: &Table,
) -> Result<(), StoreError> {
    if matches!(session, Session::Sqlite(_)) {
        return Ok(());
    }
    let name = &table.name;
    let numbered = session
        .first(POSTGRES_NUMBERED, values![name.as_str()])
        .await?;
    if let Some(row) = numbered {
        let column = checked(row.text(0)?)?;
        let sql = format!(
            "SELECT setval(pg_get_serial_sequence('{name}', '{column}'), \
             (SELECT COALESCE(MAX({column}), 0) + 1 FROM {name}), false)"
        );
        session.query(&sql, values![]).await?;
    }
    Ok(())
}

impl Table {
    async fn read(session: &mut Session, name: String) -> Result<Self, StoreError> {
        let (columns, key) = match session {
            Session::Sqlite(_) => (SQLITE_COLUMNS, SQLITE_KEY),
            Session::Postgres(_) => (POSTGRES_COLUMNS, POSTGRES_KEY),
        };
        checked(&name)?;
        let columns = session.query(columns, values![name.as_str()]).await?;
        let key = session.query(key, values![name.as_str()]).await?;
        let columns: BTreeSet<_> = texts(columns)?.into_iter().collect();
        Ok(Self {
            columns: columns.into_iter().collect(),
            key: texts(key)?,
            name,
        })
    }

    /// The table and its columns, for an INSERT.
    pub(super) fn insert_into(&self) -> String {
        format!("{} ({})", self.name, self.columns.join(", "))
    }

    /// All rows, in the order of keys.
    pub(super) fn pages(&self) -> Pages<'_> {
        Pages {
            table: self,
            last: None,
        }
    }

    fn key_of(&self, row: &Row) -> Vec<Value> {
        let value = |column: &String| {
            let at = self.columns.iter().position(|it| it == column);
            at.and_then(|at| row.0.get(at).cloned())
        };
        self.key.iter().filter_map(value).collect()
    }
}

/// The rows of a table, some at a time.
pub(super) struct Pages<'t> {
    table: &'t Table,
    /// The key of the last row that was read.
    last: Option<Vec<Value>>,
}

impl Pages<'_> {
    /// The next ones; `None` behind the last.
    pub(super) async fn next(
        &mut self,
        session: &mut Session,
    ) -> Result<Option<Vec<Row>>, StoreError> {
        let Table { name, columns, key } = self.table;
        let numbers: Vec<_> = (1..=key.len()).map(|it| format!("${it}")).collect();
        let (columns, key) = (columns.join(", "), key.join(", "));
        let behind = match self.last {
            Some(_) => format!("WHERE ({key}) > ({})", numbers.join(", ")),
            None => String::new(),
        };
        let sql = format!("SELECT {columns} FROM {name} {behind} ORDER BY {key} LIMIT {PAGE}");
        let rows = session.query(&sql, self.last.take().unwrap_or_default());
        let rows = rows.await?;
        self.last = rows.last().map(|row| self.table.key_of(row));
        Ok(self.last.is_some().then_some(rows))
    }
}

fn texts(rows: Vec<Row>) -> Result<Vec<String>, StoreError> {
    rows.iter()
        .map(|row| checked(row.text(0)?).map(str::to_owned))
        .collect()
}

/// A name that can be put into a statement: ours are all like that.
fn checked(name: &str) -> Result<&str, StoreError> {
    let is_ours = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_';
    if name.is_empty() || !name.bytes().all(is_ours) {
        return Err(StoreError::Foreign {
            what: "a database with tables of another program",
        });
    }
    Ok(name)
}

const PROCESSES: &str = "processes";

/// Rows at once. A row is a CRL at most, of which there are few.
const PAGE: u32 = 250;

const SQLITE_TABLES: &str =
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'";
const SQLITE_REFERENCES: &str = "SELECT m.name, f.\"table\" FROM sqlite_master m, pragma_foreign_key_list(m.name) f \
                                 WHERE m.type = 'table'";
const SQLITE_COLUMNS: &str = "SELECT name FROM pragma_table_info($1)";
const SQLITE_KEY: &str = "SELECT name FROM pragma_table_info($1) WHERE pk > 0 ORDER BY pk";

const POSTGRES_TABLES: &str = "SELECT table_name::text FROM information_schema.tables \
                               WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'";
const POSTGRES_REFERENCES: &str = "SELECT a.relname::text, b.relname::text FROM pg_constraint k \
                                   JOIN pg_class a ON a.oid = k.conrelid JOIN pg_class b ON b.oid = k.confrelid \
                                   WHERE k.contype = 'f' AND k.connamespace = current_schema()::regnamespace";
const POSTGRES_COLUMNS: &str = "SELECT column_name::text FROM information_schema.columns \
                                WHERE table_schema = current_schema() AND table_name = $1::text";
const POSTGRES_KEY: &str = "SELECT a.attname::text FROM pg_index i \
                            CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k (attribute, place) \
                            JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attribute \
                            WHERE i.indisprimary AND i.indrelid = to_regclass($1::text) ORDER BY k.place";
const POSTGRES_NUMBERED: &str = "SELECT column_name::text FROM information_schema.columns \
                                 WHERE table_schema = current_schema() AND table_name = $1::text AND is_identity = 'YES'";
