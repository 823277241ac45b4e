//! What the writer can be asked for, and the smaller ones of these.

use std::sync::Arc;

use serde_json::json;
use time::OffsetDateTime;
use x509_identity::SerialNumber;

use super::acme::AcmeOperation;
use super::crl::{NextCrlNumber, RecordCrl};
use super::import::Import;
use super::issuer::{AddIssuer, ChangeIssuer};
use super::prune::Prune;
use super::reply::Reply;
use super::restore::{AcknowledgeRestore, KeepCheckpoint};
use super::revoke::Revoke;
use super::transaction::Transaction;
use crate::StoreError;
use crate::audit::AuditEvent;
use crate::commit::credentials::approval::{AskApproval, DecideApproval};
use crate::commit::credentials::attestation::CreateChallenge;
use crate::commit::credentials::token::{CreateToken, RevokeToken};
use crate::commit::issue::outcome::Outcome;
use crate::commit::issue::reserve::Reservation;
use crate::commit::issue::upstream::{UpstreamOutcome, UpstreamTold};
use crate::commit::processes::beat::{Beat, Leave};
use crate::commit::processes::lease::{EndLease, TakeLease};
use crate::database::values;
use crate::record::Actor;

/// One change. It can be tried again: what has happened already happens no second time.
#[derive(Clone)]
pub(crate) enum Operation {
    Acme(Arc<AcmeOperation>),
    AcknowledgeRestore(Box<AcknowledgeRestore>),
    AddIssuer(AddIssuer),
    AskApproval(Arc<AskApproval>),
    Beat(Beat),
    ChangeIssuer(ChangeIssuer),
    Claim(Claim),
    CreateChallenge(CreateChallenge),
    CreateToken(Arc<CreateToken>),
    DecideApproval(DecideApproval),
    EndLease(EndLease),
    Import(Import),
    KeepCheckpoint(KeepCheckpoint),
    Leave(Leave),
    NextCrlNumber(NextCrlNumber),
    Note(Note),
    Outcome(Outcome),
    Prune(Prune),
    Recover(Recover),
    RecordCrl(RecordCrl),
    Reserve(Arc<Reservation>),
    Revoke(Revoke),
    RevokeToken(RevokeToken),
    TakeLease(TakeLease),
    Upstream(Arc<UpstreamOutcome>),
    UpstreamTold(UpstreamTold),
}

/// Something that is done once.
#[derive(Clone)]
pub(crate) struct Claim {
    pub(crate) name: String,
    pub(crate) holder: [u8; 16],
}

/// A row of the audit log about something that was decided or done elsewhere.
#[derive(Clone)]
pub(crate) struct Note {
    pub(crate) event: AuditEvent,
    pub(crate) ca: String,
    pub(crate) serial: Option<SerialNumber>,
    pub(crate) actor: Actor,
    pub(crate) detail: serde_json::Value,
    pub(crate) now: OffsetDateTime,
}

/// Reservations of processes that have ended.
#[derive(Clone)]
pub(crate) struct Recover {
    pub(crate) reserved_before: OffsetDateTime,
    pub(crate) actor: Actor,
    pub(crate) now: OffsetDateTime,
}

impl Operation {
    /// Does it, for those that are not done for the batch at once.
    pub(crate) async fn apply(
        &self,
        transaction: &mut Transaction<'_>,
    ) -> Result<Reply, StoreError> {
        Ok(match self {
            Self::Acme(it) => return it.apply(transaction).await,
            Self::AcknowledgeRestore(it) => {
                it.apply(transaction).await?;
                Reply::Done(true)
            }
            Self::AddIssuer(it) => Reply::Issuer(it.apply(transaction).await?),
            Self::ChangeIssuer(it) => {
                it.apply(transaction).await?;
                Reply::Done(true)
            }
            Self::AskApproval(it) => Reply::Approval(it.apply(transaction).await?),
            Self::CreateChallenge(it) => {
                it.apply(transaction).await?;
                Reply::Done(true)
            }
            Self::CreateToken(it) => Reply::Token(it.apply(transaction).await?),
            Self::DecideApproval(it) => Reply::Decided(it.apply(transaction).await?),
            Self::RevokeToken(it) => Reply::Token(it.apply(transaction).await?),
            Self::Beat(it) => {
                it.apply(transaction).await?;
                Reply::Done(true)
            }
            Self::Claim(it) => Reply::Done(it.apply(transaction).await?),
            Self::Leave(it) => {
                it.apply(transaction).await?;
                Reply::Done(true)
            }
            Self::EndLease(it) => {
                it.apply(transaction).await?;
                Reply::Done(true)
            }
            Self::TakeLease(it) => Reply::Done(it.apply(transaction).await?),
            Self::Import(it) => Reply::Number(it.apply(transaction).await?),
            Self::KeepCheckpoint(it) => {
                it.apply(transaction).await?;
                Reply::Done(true)
            }
            Self::NextCrlNumber(it) => Reply::Number(it.apply(transaction).await?),
            Self::Prune(it) => Reply::Number(it.apply(transaction).await?),
            Self::Recover(it) => Reply::Number(it.apply(transaction).await?),
            Self::RecordCrl(it) => Reply::Done(it.apply(transaction).await?),
            Self::Note(it) => {
                it.apply(transaction);
                Reply::Done(true)
            }
            Self::Upstream(it) => Reply::Upstream(it.apply(transaction).await?),
            Self::UpstreamTold(it) => Reply::Done(it.apply(transaction).await?),
            Self::Revoke(it) => Reply::Certificates(it.apply(transaction).await?),
            Self::Outcome(_) | Self::Reserve(_) => return Err(StoreError::Closed),
        })
    }
}

impl Claim {
    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<bool, StoreError> {
        let sql = "INSERT INTO claims (name, holder, until) VALUES ($1, $2, $3) \
                   ON CONFLICT (name) DO UPDATE SET until = excluded.until \
                   WHERE claims.holder = excluded.holder";
        let parameters = values![self.name.as_str(), self.holder, i64::MAX];
        transaction.session.changes(sql, parameters).await
    }
}

impl Recover {
    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<u64, StoreError> {
        // What waits for an upstream CA has not ended.
        let sql = "UPDATE certificates SET state = 2 WHERE state = 0 AND reserved_at < $1 \
                   AND NOT EXISTS (SELECT 1 FROM upstream_orders WHERE certificate = certificates.id) \
                   RETURNING serial, subject, \
                   (SELECT ca FROM issuers WHERE issuers.id = certificates.issuer)";
        let rows = transaction
            .session
            .query(sql, values![self.reserved_before])
            .await?;
        let mut count = 0;
        for row in rows {
            let detail = json!({ "subject": row.text(1)? });
            let serial = row.serial(0)?;
            let (event, ca) = (AuditEvent::Unconfirmed, row.text(2)?);
            transaction.audit(event, self.now, &self.actor, ca, Some(&serial), detail);
            count += 1;
        }
        Ok(count)
    }
}

impl Note {
    fn apply(&self, transaction: &mut Transaction<'_>) {
        transaction.audit(
            self.event,
            self.now,
            &self.actor,
            &self.ca,
            self.serial.as_ref(),
            self.detail.clone(),
        );
    }
}
