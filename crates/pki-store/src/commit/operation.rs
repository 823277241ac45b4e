//! What the writer can be asked for, and the smaller ones of these.

use std::sync::Arc;

use serde_json::json;
use time::OffsetDateTime;
use x509_identity::SerialNumber;

use super::approval::{AskApproval, DecideApproval};
use super::crl::{NextCrlNumber, RecordCrl};
use super::import::Import;
use super::issuer::{AddIssuer, ChangeIssuer};
use super::outcome::Outcome;
use super::reserve::{Reservation, Reserved};
use super::restore::{AcknowledgeRestore, KeepCheckpoint};
use super::revoke::Revoke;
use super::token::{CreateToken, RevokeToken};
use super::transaction::Transaction;
use crate::IssueError;
use crate::StoreError;
use crate::audit::AuditEvent;
use crate::database::values;
use crate::record::{Actor, ApprovalRequest, CertificateRecord, IssuerId, TokenRecord};

/// One change. It can be tried again: what has happened already happens no second time.
#[derive(Clone)]
pub(crate) enum Operation {
    AcknowledgeRestore(AcknowledgeRestore),
    AddIssuer(AddIssuer),
    AskApproval(Arc<AskApproval>),
    ChangeIssuer(ChangeIssuer),
    Claim(Claim),
    CreateToken(Arc<CreateToken>),
    DecideApproval(DecideApproval),
    Import(Import),
    KeepCheckpoint(KeepCheckpoint),
    NextCrlNumber(NextCrlNumber),
    Note(Note),
    Outcome(Outcome),
    Recover(Recover),
    RecordCrl(RecordCrl),
    Reserve(Arc<Reservation>),
    Revoke(Revoke),
    RevokeToken(RevokeToken),
}

/// What came of an operation.
pub(crate) enum Reply {
    Approval(Result<ApprovalRequest, IssueError>),
    Certificates(Vec<CertificateRecord>),
    Decided(ApprovalRequest),
    Done(bool),
    Issuer(IssuerId),
    Number(u64),
    Reserved(Result<Reserved, IssueError>),
    Token(TokenRecord),
}

/// What an operation is known to answer.
pub(crate) trait Answer: Sized {
    fn of(reply: Reply) -> Option<Self>;
}

/// The reply of one kind, as its value.
macro_rules! answers {
    ($($kind:ident: $value:ty),* $(,)?) => {
        $(impl Answer for $value {
            fn of(reply: Reply) -> Option<Self> {
                match reply {
                    Reply::$kind(value) => Some(value),
                    _ => None,
                }
            }
        })*
    };
}

answers! {
    Approval: Result<ApprovalRequest, IssueError>,
    Certificates: Vec<CertificateRecord>,
    Decided: ApprovalRequest,
    Done: bool,
    Issuer: IssuerId,
    Number: u64,
    Reserved: Result<Reserved, IssueError>,
    Token: TokenRecord,
}

/// Something that is done once, or by one process at a time.
#[derive(Clone)]
pub(crate) struct Claim {
    pub(crate) name: String,
    pub(crate) holder: [u8; 16],
    pub(crate) now: i64,
    pub(crate) until: i64,
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
            Self::CreateToken(it) => Reply::Token(it.apply(transaction).await?),
            Self::DecideApproval(it) => Reply::Decided(it.apply(transaction).await?),
            Self::RevokeToken(it) => Reply::Token(it.apply(transaction).await?),
            Self::Claim(it) => Reply::Done(it.apply(transaction).await?),
            Self::Import(it) => Reply::Number(it.apply(transaction).await?),
            Self::KeepCheckpoint(it) => {
                it.apply(transaction).await?;
                Reply::Done(true)
            }
            Self::NextCrlNumber(it) => Reply::Number(it.apply(transaction).await?),
            Self::Recover(it) => Reply::Number(it.apply(transaction).await?),
            Self::RecordCrl(it) => Reply::Done(it.apply(transaction).await?),
            Self::Note(it) => {
                it.apply(transaction);
                Reply::Done(true)
            }
            Self::Revoke(it) => Reply::Certificates(it.apply(transaction).await?),
            Self::Outcome(_) | Self::Reserve(_) => return Err(StoreError::Closed),
        })
    }
}

impl Claim {
    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<bool, StoreError> {
        let sql = "INSERT INTO claims (name, holder, until) VALUES ($1, $2, $3) \
                   ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until \
                   WHERE claims.until <= $4 OR claims.holder = excluded.holder RETURNING 1";
        let parameters = values![self.name.as_str(), self.holder, self.until, self.now];
        Ok(transaction.session.first(sql, parameters).await?.is_some())
    }
}

impl Recover {
    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<u64, StoreError> {
        let sql = "UPDATE certificates SET state = 2 WHERE state = 0 AND reserved_at < $1 \
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
