//! Issuers.

use time::OffsetDateTime;

use super::Store;
use crate::commit::{AddIssuer, ChangeIssuer, Operation};
use crate::{Actor, Issuer, IssuerId, IssuerState, NewIssuer, StoreError, query};

impl Store {
    /// Adds an issuer. One that is there already is returned as it is.
    ///
    /// # Errors
    ///
    /// [`StoreError::Refused`] for an issuer of another CA of the store, or with settings that [`NewIssuer`] rules out.
    pub async fn add_issuer(
        &self,
        issuer: NewIssuer,
        actor: &Actor,
        now: OffsetDateTime,
    ) -> Result<Issuer, StoreError> {
        let actor = actor.clone();
        let operation = Operation::AddIssuer(AddIssuer { issuer, actor, now });
        let id = self.commit(operation).await?;
        self.issuer(id).await
    }

    /// All issuers, in the order in which they were added.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub async fn issuers(&self) -> Result<Vec<Issuer>, StoreError> {
        self.read(|session| Box::pin(query::issuers(session))).await
    }

    /// The issuer with this number.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`] if there is none.
    pub async fn issuer(&self, id: IssuerId) -> Result<Issuer, StoreError> {
        let found = self
            .read(move |session| Box::pin(query::issuer(session, id)))
            .await?;
        found.ok_or_else(|| StoreError::NotFound {
            what: format!("issuer {}", id.0),
        })
    }

    /// Says that an issuer issues no more, or again. Its CRLs go on in any case.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`] if there is no such issuer.
    pub async fn set_issuer_state(
        &self,
        id: IssuerId,
        state: IssuerState,
        actor: &Actor,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let actor = actor.clone();
        let change = ChangeIssuer {
            id,
            state,
            actor,
            now,
        };
        let _done: bool = self.commit(Operation::ChangeIssuer(change)).await?;
        Ok(())
    }
}
