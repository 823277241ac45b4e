//! Tokens.

use std::sync::Arc;

use time::OffsetDateTime;

use crate::commit::{CreateToken, Operation, RevokeToken};
use crate::store::Store;
use crate::{Actor, NewToken, Page, StoreError, TokenId, TokenRecord, TokenSecret, query};

impl Store {
    /// Records a token, by its hash. [`Order::token`](crate::Order::token) uses it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Refused`] for a token without uses, or that has expired.
    pub async fn create_token(
        &self,
        token: NewToken,
        secret: &TokenSecret,
        actor: &Actor,
        now: OffsetDateTime,
    ) -> Result<TokenRecord, StoreError> {
        let operation = Operation::CreateToken(Arc::new(CreateToken {
            token,
            hash: secret.hash(),
            actor: actor.clone(),
            now,
        }));
        self.commit(operation).await
    }

    /// A page of the tokens of a CA, in the order in which they were made.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub async fn tokens(&self, ca: &str, page: Page) -> Result<Vec<TokenRecord>, StoreError> {
        let ca: Arc<str> = ca.into();
        self.read(move |session| {
            let ca = ca.clone();
            Box::pin(async move { query::tokens(session, &ca, page).await })
        })
        .await
    }

    /// The token of a CA that `secret` is of, whether it can be used or not.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub async fn token_of(
        &self,
        ca: &str,
        secret: &TokenSecret,
    ) -> Result<Option<TokenRecord>, StoreError> {
        let (ca, hash): (Arc<str>, _) = (ca.into(), secret.hash());
        self.read(move |session| {
            let ca = ca.clone();
            Box::pin(async move { query::token_by_hash(session, &ca, hash).await })
        })
        .await
    }

    /// Revokes a token, if it is not revoked, and returns it. Certificates that were issued with it stay. Requests that were
    /// made with it are denied, also if they were approved, unless there is a certificate.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`] if the CA has no such token.
    pub async fn revoke_token(
        &self,
        ca: &str,
        id: TokenId,
        actor: &Actor,
        now: OffsetDateTime,
    ) -> Result<TokenRecord, StoreError> {
        let operation = Operation::RevokeToken(RevokeToken {
            ca: ca.to_owned(),
            id,
            actor: actor.clone(),
            now,
        });
        self.commit(operation).await
    }
}
