//! What an error of PostgreSQL is to whoever uses a store.

use std::error::Error as _;
use std::sync::Arc;

use tokio_postgres::Error;

use crate::StoreError;

pub(super) fn translate(error: Error) -> StoreError {
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
        // A statement that another client has prepared, or that this one has, on another connection of the pool.
        "26000" | "42P05" => StoreError::Pooled(Arc::new(error)),
        // How a transaction begins that is not on the connection which was set up.
        "22012" => StoreError::Pooled(Arc::new(OtherConnection)),
        // A standby after a failover; a connection to the former leader, too.
        "25006" => unavailable(error),
        // Whoever keeps a transaction open for long is cut off.
        "25P03" | "25P04" => unavailable(error),
        // On a standby, what is read gives way to what the primary has changed; on either, to an administrator.
        "40001" | "40P01" | "57014" => unavailable(error),
        class if class.starts_with("08") || class.starts_with("57P") || class.starts_with("53") => {
            unavailable(error)
        }
        _ => StoreError::Database(Arc::new(error)),
    }
}

/// The statement that looks after this divides by zero.
#[derive(Debug, thiserror::Error)]
#[error("a transaction was given a connection of the server that another client has set up")]
struct OtherConnection;

fn is_io(error: &Error) -> bool {
    let source = error.source();
    source.is_some_and(|source| source.is::<std::io::Error>())
}

pub(super) fn unavailable(error: Error) -> StoreError {
    StoreError::Unavailable(Arc::new(error))
}
