//! Checkpoints, and stores that are older than theirs.

use std::sync::Arc;

use pki_core::Signer;
use time::OffsetDateTime;

use crate::audit::{Checkpoint, CheckpointPlace, KeepError};
use crate::commit::{AcknowledgeRestore, KeepCheckpoint, Operation};
use crate::store::Store;
use crate::{Actor, StoreError, query};

impl Store {
    /// Signs where the audit log ends now, and keeps that in the store and in the second place.
    ///
    /// # Errors
    ///
    /// [`KeepError`] says which of these has failed.
    pub async fn make_checkpoint(
        &self,
        signer: Arc<dyn Signer>,
        place: Option<&CheckpointPlace>,
        now: OffsetDateTime,
    ) -> Result<Checkpoint, KeepError> {
        let payload = self
            .read(move |session| Box::pin(query::checkpoint(session, now)))
            .await?;
        let signing =
            tokio::task::spawn_blocking(move || Checkpoint::sign(payload, signer.as_ref()));
        let signed = signing.await.map_err(|_| StoreError::Closed)?;
        let checkpoint = signed.map_err(KeepError::Sign)?;
        let operation = KeepCheckpoint {
            checkpoint: checkpoint.clone(),
        };
        let _done: bool = self.commit(Operation::KeepCheckpoint(operation)).await?;
        self.step("checkpoint-signed");
        if let Some(place) = place.cloned() {
            let copy = checkpoint.clone();
            let keeping = tokio::task::spawn_blocking(move || place.keep(&copy));
            keeping.await.map_err(|_| StoreError::Closed)??;
        }
        self.step("checkpoint-kept");
        Ok(checkpoint)
    }

    /// The last checkpoints that are kept in the store itself, at most `limit`, the newest first. Where there are some, the
    /// second place had them, too.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub async fn newest_checkpoints(&self, limit: u32) -> Result<Vec<Checkpoint>, StoreError> {
        self.read(move |session| Box::pin(query::newest_checkpoints(session, limit)))
            .await
    }

    /// Checks that the store is no older than this checkpoint: that it has the row of the audit log with the same hash,
    /// and has given out the same CRL numbers. To be called with the last one of the second place when a process starts,
    /// before anything is issued.
    ///
    /// # Errors
    ///
    /// [`StoreError::Older`] if it is: it was restored from a backup, so that what was revoked since then counts as good.
    pub async fn check_age(&self, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        let checkpoint = Arc::new(checkpoint.clone());
        let missing = self.read(move |session| {
            let checkpoint = checkpoint.clone();
            Box::pin(async move { query::missing(session, &checkpoint).await })
        });
        match missing.await? {
            None => Ok(()),
            Some(what) => Err(StoreError::Older { what }),
        }
    }

    /// Reads the whole of an SQLite file and checks that it hangs together, which takes about a second for each gigabyte;
    /// PostgreSQL checks what it reads by itself.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] with the first thing that is wrong.
    pub async fn check_integrity(&self) -> Result<(), StoreError> {
        self.read(|session| Box::pin(query::check_integrity(session)))
            .await
    }

    /// Goes on with a store that is older than this checkpoint, which a row of the audit log then says. CRL numbers go on
    /// where they were; what was issued and revoked in between has to be revoked again by whoever knows about it.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be written.
    pub async fn acknowledge_restore(
        &self,
        checkpoint: &Checkpoint,
        actor: &Actor,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let operation = AcknowledgeRestore {
            checkpoint: checkpoint.clone(),
            actor: actor.clone(),
            now,
        };
        let operation = Operation::AcknowledgeRestore(operation);
        let _done: bool = self.commit(operation).await?;
        Ok(())
    }

    /// Checks that a CRL that is published has no number that the store has not given out yet.
    ///
    /// # Errors
    ///
    /// [`StoreError::Older`] if it has: the store was restored from a backup. [`crl_number_above`](Self::crl_number_above)
    /// goes on behind it.
    pub async fn check_crl_number(
        &self,
        issuer: crate::IssuerId,
        partition: u32,
        published: u64,
    ) -> Result<(), StoreError> {
        let number = self.read(move |session| {
            Box::pin(async move {
                let sql = "SELECT number FROM crls WHERE issuer = $1 AND part = $2";
                let row = session
                    .first(sql, crate::database::values![issuer.0, partition])
                    .await?;
                row.map_or(Ok(0), |row| row.count(0))
            })
        });
        if number.await? < published {
            let what = format!("CRL number {published}, which is published");
            return Err(StoreError::Older { what });
        }
        Ok(())
    }
}
