//! Hearing of revocations.

use std::time::Duration;

use tokio::time::Instant;

use super::Store;
use crate::StoreError;

impl Store {
    /// A number that grows with each revocation, of whatever process.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub async fn revision(&self) -> Result<u64, StoreError> {
        let read = self.read(|session| {
            Box::pin(async {
                let row = session.first("SELECT revision FROM store", vec![]).await?;
                row.map_or(Ok(0), |row| row.count(0))
            })
        });
        read.await
    }

    /// Waits until the revision is higher than `known`, or for `limit`, and returns it.
    ///
    /// A revocation of this process ends it at once, and one of another process within a quarter of a second: so often is
    /// one row read.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub async fn revision_after(&self, known: u64, limit: Duration) -> Result<u64, StoreError> {
        let end = Instant::now() + limit;
        let mut committed = self.0.writer.committed();
        loop {
            committed.mark_unchanged();
            let revision = self.revision().await?;
            let now = Instant::now();
            if revision > known || now >= end {
                return Ok(revision);
            }
            let news = committed.wait_for(|revision| *revision > known);
            // However it ends, the store is read again.
            let _ = tokio::time::timeout_at(end.min(now + POLL), news).await;
        }
    }
}

/// How often it is looked whether another process has revoked something.
const POLL: Duration = Duration::from_millis(250);
