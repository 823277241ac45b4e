//! Everything that changes a store: operations, and the one writer that puts them into transactions.
//!
//! Requests that wait at the same time share a transaction, since what takes time is the disk. Reservations and outcomes
//! of issuing, of which there are many, are written for the whole batch at once; other operations follow each other in
//! savepoints. No operation fails because of another: if a transaction fails, each of its operations is tried alone.

mod added;
mod approval;
mod crl;
mod idempotency;
mod import;
mod issuer;
mod operation;
mod outcome;
mod reserve;
mod restore;
mod revoke;
mod token;
mod transaction;
mod writer;

pub(crate) use approval::{AskApproval, DecideApproval};
pub(crate) use crl::{NextCrlNumber, RecordCrl};
pub(crate) use import::Import;
pub(crate) use issuer::{AddIssuer, ChangeIssuer};
pub(crate) use operation::{Answer, Claim, Note, Operation, Recover};

pub(crate) use outcome::{Outcome, Signed};
pub(crate) use reserve::{Reservation, Reserved};
pub(crate) use restore::{AcknowledgeRestore, KeepCheckpoint};
pub(crate) use revoke::Revoke;
pub(crate) use token::{CreateToken, RevokeToken};
pub(crate) use writer::{Hook, Writer};

pub use idempotency::Idempotency;
pub use import::ImportedCertificate;
pub use reserve::KeyReuse;
