//! Reading what an upstream CA has not finished.

use std::sync::Arc;

use pki_core::verify::RevocationReason;
use time::OffsetDateTime;
use x509_identity::SerialNumber;

use super::Store;
use crate::query::{self, LostRequest, UnfinishedOrder};
use crate::{IssuerId, StoreError};

impl Store {
    pub(crate) async fn upstream_order_by_request(
        &self,
        ca: &str,
        key: &str,
    ) -> Result<Option<UnfinishedOrder>, StoreError> {
        let (ca, key): (Arc<str>, Arc<str>) = (ca.into(), key.into());
        self.read(move |session| {
            let (ca, key) = (ca.clone(), key.clone());
            Box::pin(async move { query::order_by_request(session, &ca, &key).await })
        })
        .await
    }

    pub(crate) async fn upstream_order(
        &self,
        issuer: IssuerId,
        id: i64,
    ) -> Result<Option<UnfinishedOrder>, StoreError> {
        self.read(move |session| Box::pin(query::order_by_id(session, issuer.0, id)))
            .await
    }

    pub(crate) async fn due_upstream_orders(
        &self,
        issuer: IssuerId,
        now: OffsetDateTime,
    ) -> Result<Vec<UnfinishedOrder>, StoreError> {
        self.read(move |session| Box::pin(query::due_orders(session, issuer.0, now)))
            .await
    }

    pub(crate) async fn lost_upstream_orders(
        &self,
        issuer: IssuerId,
    ) -> Result<Vec<UnfinishedOrder>, StoreError> {
        self.read(move |session| Box::pin(query::lost_orders(session, issuer.0)))
            .await
    }

    pub(crate) async fn lost_upstream_requests(
        &self,
        issuer: IssuerId,
        only: Option<i64>,
    ) -> Result<Vec<LostRequest>, StoreError> {
        self.read(move |session| Box::pin(query::lost_requests(session, issuer.0, only)))
            .await
    }

    pub(crate) async fn serials_unknown(
        &self,
        issuer: IssuerId,
        serials: Vec<SerialNumber>,
    ) -> Result<Vec<SerialNumber>, StoreError> {
        let serials: Arc<[_]> = serials.into();
        self.read(move |session| {
            let serials = serials.clone();
            Box::pin(async move { query::unknown_serials(session, issuer.0, &serials).await })
        })
        .await
    }

    pub(crate) async fn untold_upstream_revocations(
        &self,
        issuer: IssuerId,
    ) -> Result<Vec<(SerialNumber, RevocationReason)>, StoreError> {
        self.read(move |session| Box::pin(query::untold_revocations(session, issuer.0)))
            .await
    }
}
