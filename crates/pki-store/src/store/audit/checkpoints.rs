//! Checkpoints, and stores that are older than theirs.

use std::sync::Arc;

use pki_core::Signer;
use time::OffsetDateTime;

use crate::audit::{AcknowledgedRestore, Checkpoint, CheckpointPlace, InsteadOf, KeepError};
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
        let checkpoint = self.sign_checkpoint(signer, None, now).await?;
        self.keep_checkpoint(&checkpoint, place).await?;
        Ok(checkpoint)
    }

    async fn sign_checkpoint(
        &self,
        signer: Arc<dyn Signer>,
        instead_of: Option<InsteadOf>,
        now: OffsetDateTime,
    ) -> Result<Checkpoint, KeepError> {
        let payload = self.read(move |session| Box::pin(query::checkpoint(session, now)));
        let mut payload = payload.await?;
        payload.instead_of = instead_of;
        let signing =
            tokio::task::spawn_blocking(move || Checkpoint::sign(payload, signer.as_ref()));
        let signed = signing.await.map_err(|_| StoreError::Closed)?;
        signed.map_err(KeepError::Sign)
    }

    async fn keep_checkpoint(
        &self,
        checkpoint: &Checkpoint,
        place: Option<&CheckpointPlace>,
    ) -> Result<(), KeepError> {
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
        Ok(())
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
    /// Only who has the key that the checkpoint is signed by can pass over it. What is signed is in that row, and is kept
    /// as a checkpoint, too: in the store and in the second place.
    ///
    /// # Errors
    ///
    /// [`KeepError`] says what has failed. That the signer is another one is [`KeepError::OtherKey`].
    pub async fn acknowledge_restore(
        &self,
        checkpoint: &Checkpoint,
        signer: Arc<dyn Signer>,
        place: Option<&CheckpointPlace>,
        actor: &Actor,
        now: OffsetDateTime,
    ) -> Result<Checkpoint, KeepError> {
        checkpoint
            .is_by(signer.public_key_der())
            .map_err(KeepError::OtherKey)?;
        let payload = checkpoint.payload();
        let instead_of = InsteadOf {
            seq: payload.seq,
            hash: payload.hash.clone(),
        };
        let signed = self.sign_checkpoint(signer, Some(instead_of), now).await?;
        let operation = AcknowledgeRestore {
            checkpoint: checkpoint.clone(),
            signed: signed.clone(),
            actor: actor.clone(),
            now,
        };
        let operation = Operation::AcknowledgeRestore(Box::new(operation));
        let _done: bool = self.commit(operation).await?;
        self.keep_checkpoint(&signed, place).await?;
        Ok(signed)
    }

    /// The restores that somebody has acknowledged, the oldest first: whoever verifies the log wants to know of them.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub async fn acknowledged_restores(&self) -> Result<Vec<AcknowledgedRestore>, StoreError> {
        self.read(|session| Box::pin(query::acknowledged(session)))
            .await
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
