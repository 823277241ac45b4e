//! ACME: making and changing keys, accounts, orders and challenges.

mod account;
mod challenge;
mod finalize;
mod key;
mod order;
mod prune;

use crate::StoreError;
use crate::commit::reply::Reply;
use crate::commit::transaction::Transaction;

pub(crate) use account::{ChangeAcmeAccount, CreateAcmeAccount};
pub(crate) use challenge::{
    BeginAcmeChallenge, ClaimAcmeChallenges, DeactivateAcmeAuthorization, FinishAcmeChallenge,
};
pub(crate) use finalize::{BeginAcmeFinalize, FinishAcmeOrder};
pub(crate) use key::{CreateAcmeKey, RevokeAcmeKey};
pub(crate) use order::CreateAcmeOrder;
pub(crate) use prune::PruneAcme;

/// One change to what ACME has in a store.
#[derive(Clone)]
pub(crate) enum AcmeOperation {
    BeginChallenge(BeginAcmeChallenge),
    BeginFinalize(BeginAcmeFinalize),
    ChangeAccount(ChangeAcmeAccount),
    ClaimChallenges(ClaimAcmeChallenges),
    CreateAccount(CreateAcmeAccount),
    CreateKey(CreateAcmeKey),
    CreateOrder(CreateAcmeOrder),
    DeactivateAuthorization(DeactivateAcmeAuthorization),
    FinishChallenge(FinishAcmeChallenge),
    FinishOrder(FinishAcmeOrder),
    Prune(PruneAcme),
    RevokeKey(RevokeAcmeKey),
}

impl AcmeOperation {
    pub(crate) async fn apply(
        &self,
        transaction: &mut Transaction<'_>,
    ) -> Result<Reply, StoreError> {
        Ok(match self {
            Self::BeginChallenge(it) => Reply::Done(it.apply(transaction).await?),
            Self::BeginFinalize(it) => Reply::AcmeOrder(it.apply(transaction).await?),
            Self::ChangeAccount(it) => Reply::AcmeAccount(it.apply(transaction).await?),
            Self::ClaimChallenges(it) => Reply::AcmeChallenges(it.apply(transaction).await?),
            Self::CreateAccount(it) => Reply::AcmeAccount(it.apply(transaction).await?),
            Self::CreateKey(it) => Reply::AcmeKey(it.apply(transaction).await?),
            Self::CreateOrder(it) => Reply::AcmeOrder(it.apply(transaction).await?),
            Self::DeactivateAuthorization(it) => Reply::Done(it.apply(transaction).await?),
            Self::FinishChallenge(it) => Reply::Done(it.apply(transaction).await?),
            Self::FinishOrder(it) => Reply::AcmeOrder(it.apply(transaction).await?),
            Self::Prune(it) => Reply::Number(it.apply(transaction).await?),
            Self::RevokeKey(it) => Reply::AcmeKey(it.apply(transaction).await?),
        })
    }
}
