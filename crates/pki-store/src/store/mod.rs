//! The handle of a store.

mod acme;
mod audit;
mod certificates;
mod credentials;
mod crls;
mod issuers;
mod latest;
mod open;
mod processes;
mod pruning;
mod read;
mod readers;
mod revision;
mod upstream;

use std::sync::Arc;

use crate::commit::{Answer, Hook, Operation, Writer};
use crate::database::Target;
use crate::{StoreError, StoreUrl};

pub use open::StoreOptions;

use processes::{Leases, SharedPeers};
use readers::Readers;

/// What a CA has issued, revoked and refused.
///
/// A handle: clones are the same store. Several processes may have one store open, each with a handle of its own. What
/// changes it is durable when the call returns; a caller that goes away in between changes nothing about that.
///
/// Operations that wait at the same time share a transaction, and reading waits for no writing.
#[derive(Clone)]
pub struct Store(pub(crate) Arc<Shared>);

pub(crate) struct Shared {
    url: StoreUrl,
    id: [u8; 16],
    schema: SchemaVersions,
    /// Who reserves serial numbers: one for each handle that was opened.
    pub(crate) holder: [u8; 16],
    writer: Writer,
    readers: Readers,
    leases: Leases,
    peers: SharedPeers,
    pub(crate) lease: std::time::Duration,
    hook: Option<Hook>,
}

impl Shared {
    /// The database.
    pub(crate) fn target(&self) -> &Target {
        self.readers.target()
    }
}

impl Store {
    /// Has it done, durably.
    pub(crate) async fn commit<A: Answer>(&self, operation: Operation) -> Result<A, StoreError> {
        let reply = self.0.writer.commit(operation).await?;
        // The writer answers each operation in its own way.
        A::of(reply).ok_or(StoreError::Closed)
    }

    /// The revision after each transaction of this process.
    pub(crate) fn committed(&self) -> tokio::sync::watch::Receiver<u64> {
        self.0.writer.committed()
    }

    /// For tests: says that this step is reached.
    pub(crate) fn step(&self, name: &'static str) {
        if let Some(hook) = &self.0.hook {
            hook(name);
        }
    }

    /// Where the store is.
    #[must_use]
    pub fn url(&self) -> &StoreUrl {
        &self.0.url
    }

    /// Whether it was opened to be [read](StoreOptions::read_only).
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.0.target().is_read_only()
    }

    /// The version of the schema as it was found, and the one that this software makes of an older one.
    #[must_use]
    pub fn schema(&self) -> SchemaVersions {
        self.0.schema
    }

    /// The random number that the store was given when it was made: the same in each copy of it.
    #[must_use]
    pub fn id(&self) -> &[u8; 16] {
        &self.0.id
    }
}

/// Versions of the schema.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct SchemaVersions {
    /// What was found when the store was opened; 0 where there was no store. Higher than `known`, if a later release has
    /// changed the store, and this one still does right with it.
    pub found: i64,
    /// The one that this software makes.
    pub known: i64,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("url", &self.0.url)
            .finish_non_exhaustive()
    }
}
