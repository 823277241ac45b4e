//! Moving a store to another database.

mod digest;
mod tables;

use std::collections::BTreeMap;

use crate::audit::{Checkpoint, CheckpointError};
use crate::database::{Many, Session, values};
use crate::{AuditError, AuditHead, Store, StoreError, StoreOptions, StoreUrl};

use digest::Digest;
use tables::Table;

/// What was copied.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Copied {
    /// By table, the rows, which are the same in both stores.
    pub rows: BTreeMap<String, u64>,
    /// The end of the audit log, which was verified in the copy.
    pub audit: AuditHead,
    /// The checkpoints in the store that the audit log of the copy was verified against.
    pub checkpoints: usize,
}

/// Why a store was not copied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// The audit log of the copy does not verify.
    #[error("the copy does not verify")]
    Audit(#[source] AuditError),

    /// A checkpoint in the store cannot be read.
    #[error("a checkpoint in the store cannot be used")]
    Checkpoint(#[source] CheckpointError),

    /// What was written is not what was read. Nothing was kept.
    #[error("table `{table}` was not copied as it was")]
    Different {
        /// The table.
        table: String,
    },

    /// The store that is written to is in use.
    #[error("there is something in {url} already: table `{table}` has rows")]
    NotEmpty {
        /// The store.
        url: String,
        /// The first table with something in it.
        table: String,
    },

    /// The two have not the same schema, since one was made by a later release.
    #[error("the two stores have not the same tables: see `{table}`")]
    Schema {
        /// The first table that differs.
        table: String,
    },

    /// The store that is read.
    #[error("the store cannot be read")]
    Source(#[source] StoreError),

    /// The store that is written.
    #[error("the copy cannot be written")]
    Target(#[source] StoreError),
}

/// Copies all of a store into an empty one, which is made if it is not there: between SQLite and PostgreSQL, both ways.
///
/// It reads one state of the source, and writes in one transaction. Before that ends, each table is read again and compared
/// with its source, row by row; afterwards the audit log of the copy is verified, also against the checkpoints that are in
/// the store, and the certificates against the audit log. The copy has the [`id`](Store::id) of the source, so that its
/// checkpoints are good for both. Nothing may write to the source from then on, or the two go different ways: that is up to
/// the caller.
///
/// `progress` is called with each number of rows that was written.
///
/// # Errors
///
/// [`CopyError`] says which store is at fault. Unless it is [`CopyError::Audit`], nothing was written.
pub async fn copy(
    from: &StoreUrl,
    to: &StoreUrl,
    progress: impl Fn(usize) + Send + Sync + 'static,
) -> Result<Copied, CopyError> {
    let source = StoreOptions::new(from.clone()).read_only();
    let source = source.open().await.map_err(CopyError::Source)?;
    let target = Store::open(to).await.map_err(CopyError::Target)?;
    let read_from = source.0.target().clone();
    let write_to = target.0.target().clone();
    let url = to.to_string();
    let copying = async move {
        let mut source = read_from.connect().await.map_err(CopyError::Source)?;
        let mut target = write_to.connect().await.map_err(CopyError::Target)?;
        copy_all(&mut source, &mut target, &url, &progress).await
    };
    // Either of them may be SQLite, which blocks; the other one may be PostgreSQL, which waits.
    let runtime = tokio::runtime::Handle::current();
    let copied = tokio::task::spawn_blocking(move || runtime.block_on(copying));
    drop(target);
    let closed = |_| CopyError::Target(StoreError::Closed);
    let (rows, documents) = copied.await.map_err(closed)??;
    let checkpoints: Vec<_> = documents
        .iter()
        .map(|it| Checkpoint::parse(it).map_err(CopyError::Checkpoint))
        .collect::<Result<_, _>>()?;
    // Another store than the empty one was.
    let target = Store::open(to).await.map_err(CopyError::Target)?;
    let audit = target.verify_audit_against(&checkpoints).await;
    let audit = audit.map_err(CopyError::Audit)?;
    target.verify_records().await.map_err(CopyError::Audit)?;
    Ok(Copied {
        rows,
        audit,
        checkpoints: checkpoints.len(),
    })
}

type Rows = BTreeMap<String, u64>;

async fn copy_all(
    source: &mut Session,
    target: &mut Session,
    url: &str,
    progress: &(impl Fn(usize) + Send + Sync),
) -> Result<(Rows, Vec<String>), CopyError> {
    source.begin_read().await.map_err(CopyError::Source)?;
    target.begin_write().await.map_err(CopyError::Target)?;
    let copied = copy_tables(source, target, url, progress).await;
    let ended = match &copied {
        Ok(_) => target.commit_with(vec![]).await,
        Err(_) => target.batch("ROLLBACK").await,
    };
    // It was only read.
    let _ = source.batch("COMMIT").await;
    let copied = copied?;
    ended.map_err(CopyError::Target)?;
    Ok(copied)
}

async fn copy_tables(
    source: &mut Session,
    target: &mut Session,
    url: &str,
    progress: &(impl Fn(usize) + Send + Sync),
) -> Result<(Rows, Vec<String>), CopyError> {
    let tables = tables::read(source).await.map_err(CopyError::Source)?;
    let there = tables::read(target).await.map_err(CopyError::Target)?;
    if let Some(table) = tables::first_difference(&tables, &there) {
        return Err(CopyError::Schema { table });
    }
    for table in &there {
        if has_rows(target, table).await.map_err(CopyError::Target)? {
            let (url, table) = (url.to_owned(), table.name.clone());
            return Err(CopyError::NotEmpty { url, table });
        }
    }
    copy_store_row(source, target).await?;
    let mut rows = Rows::new();
    for table in tables.iter().filter(|it| it.name != STORE) {
        let digest = copy_table(source, target, table, progress).await?;
        let found = digest_of(target, table).await.map_err(CopyError::Target)?;
        if digest != found {
            let table = table.name.clone();
            return Err(CopyError::Different { table });
        }
        let went_on = tables::continue_numbers(target, table).await;
        went_on.map_err(CopyError::Target)?;
        rows.insert(table.name.clone(), digest.rows());
    }
    let sql = "SELECT document FROM checkpoints ORDER BY seq";
    let found = target.query(sql, vec![]).await.map_err(CopyError::Target)?;
    let documents = found.iter().map(|row| row.text(0).map(str::to_owned));
    let documents = documents.collect::<Result<_, _>>();
    Ok((rows, documents.map_err(CopyError::Target)?))
}

/// The one row that a new store has, too.
async fn copy_store_row(source: &mut Session, target: &mut Session) -> Result<(), CopyError> {
    let columns = "id, revision, audit_seq, audit_hash";
    let row = source.store_row(columns).await.map_err(CopyError::Source)?;
    let sql = "UPDATE store SET id = $1, revision = $2, audit_seq = $3, audit_hash = $4";
    let changed = target.query(sql, row.0).await;
    changed.map(drop).map_err(CopyError::Target)
}

async fn has_rows(session: &mut Session, table: &Table) -> Result<bool, StoreError> {
    if table.name == STORE {
        let sql = "SELECT 1 FROM store WHERE audit_seq > 0 OR revision > 0";
        return Ok(session.first(sql, values![]).await?.is_some());
    }
    let sql = format!("SELECT 1 FROM {} LIMIT 1", table.name);
    Ok(session.first(&sql, values![]).await?.is_some())
}

async fn copy_table(
    source: &mut Session,
    target: &mut Session,
    table: &Table,
    progress: &(impl Fn(usize) + Send + Sync),
) -> Result<Digest, CopyError> {
    let into = table.insert_into();
    let mut digest = Digest::default();
    let mut pages = table.pages();
    while let Some(page) = pages.next(source).await.map_err(CopyError::Source)? {
        let sets: Vec<_> = page.into_iter().map(|row| row.0).collect();
        sets.iter().for_each(|row| digest.add(row));
        let insert = Many::Insert {
            into: &into,
            rest: "",
        };
        let written = sets.len();
        let added = target.query_each(insert, sets).await;
        added.map_err(CopyError::Target)?;
        progress(written);
    }
    Ok(digest)
}

async fn digest_of(session: &mut Session, table: &Table) -> Result<Digest, StoreError> {
    let mut digest = Digest::default();
    let mut pages = table.pages();
    while let Some(page) = pages.next(session).await? {
        page.iter().for_each(|row| digest.add(&row.0));
    }
    Ok(digest)
}

const STORE: &str = "store";
