//! Why a store did not do what was asked.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

/// A cause, from the database or the system.
pub(crate) type Cause = Arc<dyn Error + Send + Sync>;

/// The store, or the machine under it, has failed. `Clone`, since requests that share a transaction fail together.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The address of a store cannot be read.
    #[error("`{url}` is not the address of a store: {reason}")]
    Address {
        /// The address, without a password.
        url: String,
        /// What is wrong with it.
        reason: &'static str,
    },

    /// The last checkpoint cannot be read, or is signed by another key.
    #[error("the last checkpoint in {place} cannot be used")]
    Checkpoints {
        /// The second place.
        place: String,
        /// Why.
        source: Cause,
    },

    /// The writer of this process has ended, which it does only if it panics.
    #[error("the store's writer has ended")]
    Closed,

    /// The database holds what this crate never writes.
    #[error("the store is damaged: {what}")]
    Corrupt {
        /// What was found.
        what: String,
    },

    /// The database has refused.
    #[error("the database failed")]
    Database(#[source] Cause),

    /// Nothing can be written: the disk is full or broken. Nothing of the operation has happened.
    #[error("the store cannot be written; is the disk full?")]
    Disk(#[source] Cause),

    /// The file or database belongs to something else.
    #[error("this is not a store: {what}")]
    Foreign {
        /// What it is.
        what: &'static str,
    },

    /// Another process has been writing for longer than this one waits.
    #[error("the store is locked by another process")]
    Locked(#[source] Cause),

    /// There is no store, and none was to be made.
    #[error("there is no store: {what}")]
    Missing {
        /// What was found in its place.
        what: &'static str,
    },

    /// A later version of this software has changed the schema.
    #[error(
        "the store has schema version {found}, and this software knows {known} at most; use a newer one"
    )]
    Newer {
        /// Its version.
        found: i64,
        /// The latest that is known here.
        known: i64,
    },

    /// Something with this name, number or hash is not in the store.
    #[error("the store has no {what}")]
    NotFound {
        /// What was looked for.
        what: String,
    },

    /// The store is older than something that is known to have been in it: it was restored from a backup, and whatever
    /// was revoked since then would be good again.
    #[error("the store is older than {what}; if it was restored from a backup, acknowledge that")]
    Older {
        /// What is newer: a checkpoint or a CRL.
        what: String,
    },

    /// The schema is older than this software needs, and the store was opened to be read.
    #[error(
        "the store has schema version {found}, and {known} is needed; let a process that writes open it, or `mtls store migrate`"
    )]
    NotMigrated {
        /// Its version.
        found: i64,
        /// The version that is needed.
        known: i64,
    },

    /// The file cannot be opened.
    #[error("{} cannot be opened", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Cause,
    },

    /// A pooler in front of PostgreSQL gives each transaction another connection, as PgBouncer does with `pool_mode =
    /// transaction`, and what belongs to a connection is lost with it.
    #[error(
        "the database is behind a pooler of transactions or statements; let it pool sessions (pool_mode = session), or go past it"
    )]
    Pooled(#[source] Cause),

    /// The database may only be read.
    #[error("the store may only be read")]
    ReadOnly(#[source] Cause),

    /// A value that the store does not take.
    #[error("{0}")]
    Refused(String),

    /// A file for TLS to the database cannot be used.
    #[error("TLS to the database cannot be set up")]
    Tls(#[source] Cause),

    /// The database server does not answer.
    #[error("the database cannot be reached")]
    Unavailable(#[source] Cause),
}
