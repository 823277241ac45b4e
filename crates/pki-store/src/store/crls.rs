//! CRLs: what they list, their numbers, the last ones.

use std::sync::Arc;

use time::OffsetDateTime;

use super::Store;
use crate::commit::{NextCrlNumber, Operation, RecordCrl};
use crate::query::CrlContent;
use crate::{Actor, CrlDates, Issuer, IssuerId, RevokedEntry, StoreError, StoredCrl, query};

impl Store {
    /// What the next CRL of a partition will list `now`: what is revoked, but for what has expired and was on a CRL since.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub async fn revoked(
        &self,
        issuer: IssuerId,
        partition: u32,
        now: OffsetDateTime,
    ) -> Result<Vec<RevokedEntry>, StoreError> {
        Ok(self.crl_content(issuer, partition, now).await?.entries)
    }

    pub(crate) async fn crl_content(
        &self,
        issuer: IssuerId,
        partition: u32,
        now: OffsetDateTime,
    ) -> Result<CrlContent, StoreError> {
        self.read(move |session| Box::pin(query::crl_content(session, issuer, partition, now)))
            .await
    }

    /// The CRL partitions in which something was revoked after `revision`, each with the revision of the last time.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub async fn revoked_since(
        &self,
        revision: u64,
    ) -> Result<Vec<(IssuerId, u32, u64)>, StoreError> {
        self.read(move |session| Box::pin(query::revoked_since(session, revision)))
            .await
    }

    /// A number for the next CRL of a partition: higher than all before it, of whatever process. It is used up.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be written.
    pub async fn next_crl_number(
        &self,
        issuer: IssuerId,
        partition: u32,
    ) -> Result<u64, StoreError> {
        self.crl_number_above(issuer, partition, 0).await
    }

    /// The same, and higher than `known`: the number of a CRL that was seen elsewhere, published by other software or
    /// before the store was restored from a backup.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be written.
    pub async fn crl_number_above(
        &self,
        issuer: IssuerId,
        partition: u32,
        known: u64,
    ) -> Result<u64, StoreError> {
        let operation = Operation::NextCrlNumber(NextCrlNumber {
            issuer: issuer.0,
            partition,
            above: known,
        });
        self.commit(operation).await
    }

    /// Keeps a CRL that was signed, as the last one of its partition. `false` if there is a later one.
    pub(crate) async fn record_crl(
        &self,
        crl: Arc<StoredCrl>,
        issuer: &Issuer,
        actor: &Actor,
    ) -> Result<bool, StoreError> {
        let operation = Operation::RecordCrl(RecordCrl {
            now: crl.this_update,
            crl,
            ca: issuer.ca.clone(),
            actor: actor.clone(),
        });
        self.commit(operation).await
    }

    /// The number and the dates of the last CRL of a partition that was signed, whose entries may be many.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub async fn latest_crl_dates(
        &self,
        issuer: IssuerId,
        partition: u32,
    ) -> Result<Option<CrlDates>, StoreError> {
        self.read(move |session| Box::pin(query::latest_crl_dates(session, issuer, partition)))
            .await
    }

    /// The last CRL of a partition that was signed.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub async fn latest_crl(
        &self,
        issuer: IssuerId,
        partition: u32,
    ) -> Result<Option<StoredCrl>, StoreError> {
        self.read(move |session| Box::pin(query::latest_crl(session, issuer, partition)))
            .await
    }
}
