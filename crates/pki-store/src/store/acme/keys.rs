//! Keys of the external account binding.

use std::sync::Arc;

use time::OffsetDateTime;

use super::acme;
use crate::commit::{AcmeOperation, CreateAcmeKey, RevokeAcmeKey};
use crate::store::Store;
use crate::{AcmeKey, AcmeMac, Actor, NewAcmeKey, Page, StoreError, query};

impl Store {
    /// Records a key of the external account binding.
    ///
    /// # Errors
    ///
    /// [`StoreError::Refused`] for one without uses or profiles, or that has expired.
    pub async fn create_acme_key(
        &self,
        key: NewAcmeKey,
        mac: &AcmeMac,
        actor: &Actor,
        now: OffsetDateTime,
    ) -> Result<AcmeKey, StoreError> {
        let (mac, actor) = (mac.clone(), actor.clone());
        let create = CreateAcmeKey {
            key,
            mac,
            actor,
            now,
        };
        self.commit(acme(AcmeOperation::CreateKey(create))).await
    }

    /// A page of the keys of the external account binding, in the order in which they were made.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub async fn acme_keys(&self, ca: &str, page: Page) -> Result<Vec<AcmeKey>, StoreError> {
        let ca: Arc<str> = ca.into();
        self.read(move |session| {
            let ca = ca.clone();
            Box::pin(async move { query::acme::keys(session, &ca, page).await })
        })
        .await
    }

    /// The key of the external account binding that clients call `kid`, and what it computes MACs with.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub async fn acme_key(
        &self,
        ca: &str,
        kid: &str,
    ) -> Result<Option<(AcmeKey, AcmeMac)>, StoreError> {
        let (ca, kid): (Arc<str>, Arc<str>) = (ca.into(), kid.into());
        self.read(move |session| {
            let (ca, kid) = (ca.clone(), kid.clone());
            Box::pin(async move { query::acme::key_by_kid(session, &ca, &kid).await })
        })
        .await
    }

    /// Revokes a key of the external account binding, if it is not revoked. Accounts that were made with it stay.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`] if the CA has no such key.
    pub async fn revoke_acme_key(
        &self,
        ca: &str,
        id: i64,
        actor: &Actor,
        now: OffsetDateTime,
    ) -> Result<AcmeKey, StoreError> {
        let (ca, actor) = (ca.to_owned(), actor.clone());
        let revoke = RevokeAcmeKey { ca, id, actor, now };
        self.commit(acme(AcmeOperation::RevokeKey(revoke))).await
    }
}
