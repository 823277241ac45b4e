//! SQLite and PostgreSQL: connections, values, the schema.

mod access;
mod many;
mod patience;
mod postgres;
mod schema;
mod session;
mod sqlite;
mod target;
#[cfg(feature = "tls")]
mod tls;
mod value;

pub(crate) use access::Access;
pub(crate) use many::Many;
pub(crate) use patience::Patience;
pub(crate) use schema::{Schema, check, migrate};
pub(crate) use session::{Session, at_once};
pub(crate) use target::Target;
pub(crate) use value::{Row, Value, values};
