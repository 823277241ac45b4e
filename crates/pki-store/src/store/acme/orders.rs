//! Orders, from the first one to those that are forgotten.

use std::sync::Arc;

use time::OffsetDateTime;
use x509_identity::SerialNumber;

use super::acme;
use crate::commit::{
    AcmeOperation, BeginAcmeFinalize, CreateAcmeOrder, FinishAcmeOrder, PruneAcme,
};
use crate::store::Store;
use crate::{AcmeError, AcmeIdentifier, AcmeOrder, NewAcmeOrder, Page, StoreError, query};

impl Store {
    /// Makes an order, with an authorization for each identifier and the challenges of it.
    ///
    /// # Errors
    ///
    /// [`AcmeError::AlreadyReplaced`], and [`AcmeError::TooManyOrders`] for the 301st open one of an account.
    pub async fn create_acme_order(
        &self,
        order: NewAcmeOrder,
        now: OffsetDateTime,
    ) -> Result<AcmeOrder, AcmeError> {
        let create = CreateAcmeOrder { order, now };
        let made: Result<_, AcmeError> = self
            .commit(acme(AcmeOperation::CreateOrder(create)))
            .await?;
        made
    }

    /// The order of a CA with this number.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub async fn acme_order(
        &self,
        ca: &str,
        id: i64,
        now: OffsetDateTime,
    ) -> Result<Option<AcmeOrder>, StoreError> {
        let ca: Arc<str> = ca.into();
        self.read(move |session| {
            let ca = ca.clone();
            Box::pin(async move { query::acme::order(session, &ca, id, now).await })
        })
        .await
    }

    /// A page of the numbers of the orders of an account that are not at their end.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub async fn acme_orders(
        &self,
        account: i64,
        page: Page,
        now: OffsetDateTime,
    ) -> Result<Vec<i64>, StoreError> {
        self.read(move |session| Box::pin(query::acme::orders(session, account, page, now)))
            .await
    }

    /// The account whose order the certificate of this [`id`](crate::CertificateRecord::id) was issued for, and what it
    /// was ordered for.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub async fn acme_order_of(
        &self,
        certificate: i64,
    ) -> Result<Option<(i64, Vec<AcmeIdentifier>)>, StoreError> {
        self.read(move |session| Box::pin(query::acme::order_of_certificate(session, certificate)))
            .await
    }

    /// Whether an order of a CA renews the certificate with this number, or has renewed it.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub async fn acme_replaced(
        &self,
        ca: &str,
        serial: &SerialNumber,
        now: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let (ca, serial): (Arc<str>, _) = (ca.into(), serial.clone());
        self.read(move |session| {
            let (ca, serial) = (ca.clone(), serial.clone());
            Box::pin(async move { query::acme::replaced(session, &ca, &serial, now).await })
        })
        .await
    }

    /// Takes the CSR of an order that is ready. Of several at once one is taken, and the same one again.
    ///
    /// # Errors
    ///
    /// [`AcmeError::State`] if the order is not ready, or has another CSR; [`StoreError::NotFound`].
    pub async fn begin_acme_finalize(
        &self,
        ca: &str,
        id: i64,
        csr: &[u8],
        now: OffsetDateTime,
    ) -> Result<AcmeOrder, AcmeError> {
        let begin = BeginAcmeFinalize {
            ca: ca.to_owned(),
            id,
            csr: csr.to_vec(),
            now,
        };
        let begun: Result<_, AcmeError> = self
            .commit(acme(AcmeOperation::BeginFinalize(begin)))
            .await?;
        begun
    }

    /// Records the certificate of an order by its [`id`](crate::CertificateRecord::id), or the problem document that
    /// says why there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`].
    pub async fn finish_acme_order(
        &self,
        ca: &str,
        id: i64,
        outcome: Result<i64, String>,
        now: OffsetDateTime,
    ) -> Result<AcmeOrder, AcmeError> {
        let finish = FinishAcmeOrder {
            ca: ca.to_owned(),
            id,
            outcome,
            now,
        };
        let finished: Result<_, AcmeError> = self
            .commit(acme(AcmeOperation::FinishOrder(finish)))
            .await?;
        finished
    }

    /// Forgets orders that ended before that time, and whose certificates did. Returns how many: 1,000 at most.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be written.
    pub async fn prune_acme_orders(
        &self,
        ca: &str,
        before: OffsetDateTime,
    ) -> Result<u64, StoreError> {
        let ca = ca.to_owned();
        let prune = PruneAcme { ca, before };
        self.commit(acme(AcmeOperation::Prune(prune))).await
    }
}
