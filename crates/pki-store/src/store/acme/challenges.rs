//! Authorizations, and the challenges of these.

use std::sync::Arc;

use time::OffsetDateTime;

use super::acme;
use crate::commit::{
    AcmeOperation, BeginAcmeChallenge, ClaimAcmeChallenges, DeactivateAcmeAuthorization,
    FinishAcmeChallenge,
};
use crate::store::Store;
use crate::{
    AcmeAuthorization, AcmeIdentifier, AcmeOutcome, Actor, DueChallenge, StoreError, query,
};

impl Store {
    /// Whether an account has proven all of these names, and the proofs are still good.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub async fn acme_authorized(
        &self,
        account: i64,
        identifiers: &[AcmeIdentifier],
        now: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let identifiers: Arc<[_]> = identifiers.into();
        self.read(move |session| {
            let identifiers = identifiers.clone();
            Box::pin(async move {
                query::acme::are_authorized(session, account, &identifiers, now).await
            })
        })
        .await
    }

    /// The authorization of a CA with this number.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub async fn acme_authorization(
        &self,
        ca: &str,
        id: i64,
        now: OffsetDateTime,
    ) -> Result<Option<AcmeAuthorization>, StoreError> {
        let ca: Arc<str> = ca.into();
        self.read(move |session| {
            let ca = ca.clone();
            Box::pin(async move { query::acme::authorization(session, &ca, id, now).await })
        })
        .await
    }

    /// Ends an authorization, and its order with it. `false` if it was at its end.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be written.
    pub async fn deactivate_acme_authorization(&self, id: i64) -> Result<bool, StoreError> {
        let deactivate = AcmeOperation::DeactivateAuthorization(DeactivateAcmeAuthorization { id });
        self.commit(acme(deactivate)).await
    }

    /// The holder of the account says that a challenge is met: it is tried from `next_at` on. `false` if that was said
    /// before, or its authorization is at its end.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be written.
    pub async fn begin_acme_challenge(
        &self,
        id: i64,
        next_at: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let begin = BeginAcmeChallenge { id, now, next_at };
        self.commit(acme(AcmeOperation::BeginChallenge(begin)))
            .await
    }

    /// Challenges of a CA that are to be tried now, and that this caller alone tries until `until`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be written.
    pub async fn claim_acme_challenges(
        &self,
        ca: &str,
        limit: u32,
        until: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<Vec<DueChallenge>, StoreError> {
        let ca: Arc<str> = ca.into();
        let due = self
            .read(move |session| {
                let ca = ca.clone();
                Box::pin(async move { query::acme::due(session, &ca, now, limit).await })
            })
            .await?;
        if due.is_empty() {
            return Ok(due);
        }
        let claim = ClaimAcmeChallenges { due, until };
        self.commit(acme(AcmeOperation::ClaimChallenges(claim)))
            .await
    }

    /// Records what came of trying a challenge, and what that means for its order. `false` if it was not being tried.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be written.
    pub async fn finish_acme_challenge(
        &self,
        id: i64,
        outcome: AcmeOutcome,
        actor: &Actor,
        now: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let finish = FinishAcmeChallenge {
            id,
            outcome,
            actor: actor.clone(),
            now,
        };
        self.commit(acme(AcmeOperation::FinishChallenge(finish)))
            .await
    }
}
