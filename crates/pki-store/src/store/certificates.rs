//! Certificates: lists, revocation, imports.

use std::sync::Arc;

use pki_core::verify::RevocationReason;
use time::OffsetDateTime;
use x509_identity::SerialNumber;

use super::Store;
use crate::commit::{Import, ImportedCertificate, Operation, Recover, Revoke};
use crate::{
    Actor, CertificateRecord, CertificateStatus, Filter, IssuerId, Page, Selection, StoreError,
    query,
};

impl Store {
    /// A page of the certificates that fulfil `filter`, with the state that they have at `now`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub async fn certificates(
        &self,
        filter: &Filter,
        page: Page,
        now: OffsetDateTime,
    ) -> Result<Vec<CertificateRecord>, StoreError> {
        let filter = Arc::new(filter.clone());
        self.read(move |session| {
            let filter = filter.clone();
            Box::pin(async move { query::certificates(session, &filter, page, now).await })
        })
        .await
    }

    /// The certificate with this [`id`](CertificateRecord::id).
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`] if there is none.
    pub async fn certificate(
        &self,
        id: i64,
        now: OffsetDateTime,
    ) -> Result<CertificateRecord, StoreError> {
        let found = self
            .read(move |session| Box::pin(query::by_id(session, id, now)))
            .await?;
        found.ok_or_else(|| StoreError::NotFound {
            what: format!("certificate {id}"),
        })
    }

    /// What [`revoke`](Self::revoke) would select, with those that are revoked already.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub async fn select(
        &self,
        selection: &Selection,
        now: OffsetDateTime,
    ) -> Result<Vec<CertificateRecord>, StoreError> {
        let selection = Arc::new(selection.clone());
        self.read(move |session| {
            let selection = selection.clone();
            Box::pin(async move { query::select(session, &selection, now).await })
        })
        .await
    }

    /// Revokes the selected certificates, and returns those that were not revoked before; none, if there were none.
    ///
    /// What may exist is selected, too: reservations that are being signed, or were when their process ended. With
    /// [`KeyCompromise`](RevocationReason::KeyCompromise) the keys of the certificates are blocked, so that no certificate
    /// is issued for them any more, and certificates that were revoked for another reason get this one. A revocation is
    /// for good.
    ///
    /// # Errors
    ///
    /// [`StoreError::Refused`] for [`RemoveFromCrl`](RevocationReason::RemoveFromCrl).
    pub async fn revoke(
        &self,
        selection: &Selection,
        reason: RevocationReason,
        actor: &Actor,
        now: OffsetDateTime,
    ) -> Result<Vec<CertificateRecord>, StoreError> {
        self.step("revoke");
        let operation = Operation::Revoke(Revoke {
            selection: selection.clone(),
            reason,
            actor: actor.clone(),
            now,
        });
        let revoked = self.commit(operation).await?;
        self.step("revoked");
        Ok(revoked)
    }

    /// What an OCSP responder says about these numbers, in their order.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub async fn statuses(
        &self,
        issuer: IssuerId,
        serials: &[SerialNumber],
    ) -> Result<Vec<CertificateStatus>, StoreError> {
        let serials: Arc<[_]> = serials.into();
        self.read(move |session| {
            let serials = serials.clone();
            Box::pin(async move { query::statuses(session, issuer, &serials).await })
        })
        .await
    }

    /// Takes over certificates that other software has issued with the key of this issuer. Those that are known already
    /// stay as they are. Returns how many were added.
    ///
    /// # Errors
    ///
    /// [`StoreError::Refused`] for a serial number that RFC 5280 does not allow; then none of them is added.
    pub async fn import(
        &self,
        issuer: IssuerId,
        certificates: Vec<ImportedCertificate>,
        actor: &Actor,
        now: OffsetDateTime,
    ) -> Result<u64, StoreError> {
        let operation = Operation::Import(Import {
            issuer: self.issuer(issuer).await?,
            certificates,
            actor: actor.clone(),
            now,
        });
        self.commit(operation).await
    }

    /// Marks reservations as [`Unconfirmed`](crate::CertificateState::Unconfirmed) if they are older than
    /// [`signing_timeout`](crate::StoreOptions::signing_timeout): their process has ended between recording them and
    /// recording what was signed. Returns how many. To be called when a process starts, and now and then. A process whose
    /// clock is [known](Self::clock_state) to be wrong does not know how old anything is, and marks none.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be written.
    pub async fn recover(&self, actor: &Actor, now: OffsetDateTime) -> Result<u64, StoreError> {
        if !self.clock_state().may_sign() {
            return Ok(0);
        }
        let operation = Operation::Recover(Recover {
            reserved_before: now - self.0.lease,
            actor: actor.clone(),
            now,
        });
        self.commit(operation).await
    }
}
