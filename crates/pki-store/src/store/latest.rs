//! Lists that begin with what is newest, for people.

use std::sync::Arc;

use time::OffsetDateTime;

use super::Store;
use crate::query::Ending;
use crate::{ApprovalRequest, CertificateRecord, Filter, StoreError, TokenRecord, query};

impl Store {
    /// At most `limit` certificates that fulfil `filter`, those first whose serial numbers were reserved last.
    ///
    /// The list goes on behind the certificate with the [`id`](CertificateRecord::id) `before`, and begins with the newest
    /// where there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub async fn latest_certificates(
        &self,
        filter: &Filter,
        before: Option<i64>,
        limit: u32,
        now: OffsetDateTime,
    ) -> Result<Vec<CertificateRecord>, StoreError> {
        let filter = Arc::new(filter.clone());
        let before = before.unwrap_or(i64::MAX);
        self.read(move |session| {
            let filter = filter.clone();
            Box::pin(async move {
                query::latest_certificates(session, &filter, before, limit, now).await
            })
        })
        .await
    }

    /// At most `limit` certificates that are valid and end before `before`, the next to end first; of one CA, or of all.
    ///
    /// Those of whose [lineage](CertificateRecord::lineage) a valid one ends later are left out: they were renewed. The
    /// list goes on behind the certificate with the end and the id `after`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub async fn next_to_end(
        &self,
        ca: Option<&str>,
        before: OffsetDateTime,
        after: Option<(OffsetDateTime, i64)>,
        limit: u32,
        now: OffsetDateTime,
    ) -> Result<Vec<CertificateRecord>, StoreError> {
        let ending = Arc::new(Ending {
            ca: ca.map(str::to_owned),
            before,
            after,
            limit,
        });
        self.read(move |session| {
            let ending = ending.clone();
            Box::pin(async move { query::next_to_end(session, &ending, now).await })
        })
        .await
    }

    /// At most `limit` tokens of a CA, the newest first. The list goes on behind the token with the number `before`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub async fn latest_tokens(
        &self,
        ca: &str,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<TokenRecord>, StoreError> {
        let ca: Arc<str> = ca.into();
        let before = before.unwrap_or(i64::MAX);
        self.read(move |session| {
            let ca = ca.clone();
            Box::pin(async move { query::latest_tokens(session, &ca, before, limit).await })
        })
        .await
    }

    /// At most `limit` requests of a CA for approval, also those that were decided or have expired, the newest first. The
    /// list goes on behind the request with the number `before`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub async fn latest_approvals(
        &self,
        ca: &str,
        before: Option<i64>,
        limit: u32,
        now: OffsetDateTime,
    ) -> Result<Vec<ApprovalRequest>, StoreError> {
        let ca: Arc<str> = ca.into();
        let before = before.unwrap_or(i64::MAX);
        self.read(move |session| {
            let ca = ca.clone();
            Box::pin(async move { query::latest_approvals(session, &ca, before, limit, now).await })
        })
        .await
    }
}
