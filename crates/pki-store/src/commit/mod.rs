//! Everything that changes a store: operations, and the one writer that puts them into transactions.
//!
//! Requests that wait at the same time share a transaction, since what takes time is the disk. Reservations and outcomes
//! of issuing, of which there are many, are written for the whole batch at once; other operations follow each other in
//! savepoints. No operation fails because of another: if a transaction fails, each of its operations is tried alone.

mod acme;
mod added;
mod credentials;
mod crl;
mod import;
mod issue;
mod issuer;
mod operation;
mod processes;
mod prune;
mod reply;
mod restore;
mod revoke;
mod transaction;
mod writer;

pub(crate) use acme::{
    AcmeOperation, BeginAcmeChallenge, BeginAcmeFinalize, ChangeAcmeAccount, ClaimAcmeChallenges,
    CreateAcmeAccount, CreateAcmeKey, CreateAcmeOrder, DeactivateAcmeAuthorization,
    FinishAcmeChallenge, FinishAcmeOrder, PruneAcme, RevokeAcmeKey,
};
pub(crate) use credentials::approval::{AskApproval, DecideApproval, Undecided};
pub(crate) use credentials::attestation::CreateChallenge;
pub(crate) use credentials::token::{CreateToken, RevokeToken};
pub(crate) use crl::{NextCrlNumber, RecordCrl};
pub(crate) use import::Import;
pub(crate) use issue::outcome::{Outcome, Signed};
pub(crate) use issue::reserve::{Reservation, Reserved, UpstreamAsked};
pub(crate) use issue::upstream::{UpstreamOutcome, UpstreamRecorded, UpstreamResult, UpstreamTold};
pub(crate) use issuer::{AddIssuer, ChangeIssuer};
pub(crate) use operation::{Claim, Note, Operation, Recover};
pub(crate) use processes::beat::{Beat, Leave};
pub(crate) use processes::lease::{EndLease, Seen, TakeLease};
pub(crate) use prune::Prune;
pub(crate) use reply::Answer;
pub(crate) use restore::{AcknowledgeRestore, KeepCheckpoint};
pub(crate) use revoke::Revoke;
pub(crate) use writer::{Hook, Writer};

pub use import::ImportedCertificate;
pub use issue::reserve::{KeyReuse, OfRevoked};
