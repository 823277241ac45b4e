//! Accounts.

use std::sync::Arc;

use time::OffsetDateTime;

use super::acme;
use crate::commit::{AcmeOperation, ChangeAcmeAccount, CreateAcmeAccount};
use crate::store::Store;
use crate::{
    AcmeAccount, AcmeAccountChange, AcmeError, Actor, NewAcmeAccount, Page, StoreError, query,
};

impl Store {
    /// Makes an account, and uses its key of the external account binding up once. If the account key has an account,
    /// that one is returned, whatever its state.
    ///
    /// # Errors
    ///
    /// [`AcmeError::Key`] if the external account key cannot be used.
    pub async fn create_acme_account(
        &self,
        account: NewAcmeAccount,
        actor: &Actor,
        now: OffsetDateTime,
    ) -> Result<AcmeAccount, AcmeError> {
        let create = CreateAcmeAccount {
            account,
            actor: actor.clone(),
            now,
        };
        let made: Result<_, AcmeError> = self
            .commit(acme(AcmeOperation::CreateAccount(create)))
            .await?;
        made
    }

    /// Changes an account that is valid, and returns it; one that is not stays as it is.
    ///
    /// # Errors
    ///
    /// [`AcmeError::KeyTaken`]; [`StoreError::NotFound`] if the CA has no such account.
    pub async fn change_acme_account(
        &self,
        ca: &str,
        id: i64,
        change: AcmeAccountChange,
        actor: &Actor,
        now: OffsetDateTime,
    ) -> Result<AcmeAccount, AcmeError> {
        let change = ChangeAcmeAccount {
            ca: ca.to_owned(),
            id,
            change,
            actor: actor.clone(),
            now,
        };
        let changed: Result<_, AcmeError> = self
            .commit(acme(AcmeOperation::ChangeAccount(change)))
            .await?;
        changed
    }

    /// The account of a CA with this number.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub async fn acme_account(&self, ca: &str, id: i64) -> Result<Option<AcmeAccount>, StoreError> {
        let ca: Arc<str> = ca.into();
        self.read(move |session| {
            let ca = ca.clone();
            Box::pin(async move { query::acme::account(session, &ca, id).await })
        })
        .await
    }

    /// The account of a CA whose key has this thumbprint (RFC 7638).
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub async fn acme_account_of(
        &self,
        ca: &str,
        thumbprint: [u8; 32],
    ) -> Result<Option<AcmeAccount>, StoreError> {
        let ca: Arc<str> = ca.into();
        self.read(move |session| {
            let ca = ca.clone();
            Box::pin(
                async move { query::acme::account_by_thumbprint(session, &ca, thumbprint).await },
            )
        })
        .await
    }

    /// A page of the accounts of a CA, in the order in which they were made.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub async fn acme_accounts(
        &self,
        ca: &str,
        page: Page,
    ) -> Result<Vec<AcmeAccount>, StoreError> {
        let ca: Arc<str> = ca.into();
        self.read(move |session| {
            let ca = ca.clone();
            Box::pin(async move { query::acme::accounts(session, &ca, page).await })
        })
        .await
    }
}
