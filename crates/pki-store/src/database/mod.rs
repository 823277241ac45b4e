//! SQLite and PostgreSQL: connections, values, the schema.

mod schema;
mod session;
mod sqlite;
mod value;

pub(crate) use schema::migrate;
pub(crate) use session::{Session, at_once};
pub(crate) use sqlite::SqliteSession;
pub(crate) use value::{Row, Value, values};
