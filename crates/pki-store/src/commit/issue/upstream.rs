//! What an upstream CA has answered, and what it was told.

use pki_core::verify::RevocationReason;
use serde_json::json;
use time::OffsetDateTime;
use x509_identity::{Certificate, SerialNumber};

use crate::StoreError;
use crate::audit::AuditEvent;
use crate::commit::transaction::Transaction;
use crate::database::values;
use crate::record::certificate::stored;
use crate::record::{Actor, hex};

/// What became of a reservation at an upstream CA.
#[derive(Clone)]
pub(crate) struct UpstreamOutcome {
    /// The reservation.
    pub(crate) id: i64,
    pub(crate) issuer: i64,
    pub(crate) ca: String,
    pub(crate) actor: Actor,
    pub(crate) now: OffsetDateTime,
    pub(crate) result: UpstreamResult,
}

#[derive(Clone)]
pub(crate) enum UpstreamResult {
    /// A certificate that is as it was approved.
    Certificate(Box<Certificate>),
    /// It has issued nothing.
    Failed { reason: String },
    /// Whether it has issued something is not known.
    Lost { reason: String },
    /// It can no longer be asked for the same, and nobody has heard what it made of it.
    Forgotten { reason: String },
    /// There is nothing more to look for.
    NothingLeft,
    /// It has not decided.
    Pending {
        handle: String,
        ask_at: OffsetDateTime,
    },
    /// A certificate that is not as it was approved.
    Wrong {
        certificate: Box<Certificate>,
        reason: String,
    },
}

/// What was made of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum UpstreamRecorded {
    /// The certificate may be given out.
    GivenOut,
    /// It is written down.
    Noted,
    /// The order was closed before its certificate came, which is revoked.
    Overtaken,
    /// The reservation was revoked before its certificate was known, which is revoked, too.
    Revoked,
    /// Another certificate has its serial number.
    SerialUsed,
}

/// An upstream CA has revoked a certificate, or knows none with this number.
#[derive(Clone)]
pub(crate) struct UpstreamTold {
    pub(crate) issuer: i64,
    pub(crate) ca: String,
    pub(crate) serial: SerialNumber,
    pub(crate) is_known: bool,
    pub(crate) actor: Actor,
    pub(crate) now: OffsetDateTime,
}

impl UpstreamOutcome {
    pub(crate) async fn apply(
        &self,
        transaction: &mut Transaction<'_>,
    ) -> Result<UpstreamRecorded, StoreError> {
        // What is known need not be asked for once more.
        if !matches!(self.result, UpstreamResult::Lost { .. }) {
            let sql = "DELETE FROM upstream_requests WHERE certificate = $1";
            let was_there = transaction.session.changes(sql, values![self.id]).await?;
            if let (UpstreamResult::Forgotten { reason }, true) = (&self.result, was_there) {
                let detail = json!({ "reason": reason });
                self.audit(transaction, AuditEvent::Unconfirmed, None, detail);
            }
        }
        match &self.result {
            UpstreamResult::Certificate(certificate) => self.record(transaction, certificate).await,
            UpstreamResult::Failed { reason } => {
                self.close(transaction, stored::FAILED, reason).await
            }
            UpstreamResult::Lost { reason } => {
                self.close(transaction, stored::UNCONFIRMED, reason).await
            }
            UpstreamResult::Forgotten { .. } => Ok(UpstreamRecorded::Noted),
            UpstreamResult::NothingLeft => {
                self.forget_order(transaction).await?;
                Ok(UpstreamRecorded::Noted)
            }
            UpstreamResult::Pending { handle, ask_at } => {
                self.wait(transaction, handle, *ask_at).await
            }
            UpstreamResult::Wrong {
                certificate,
                reason,
            } => {
                self.refuse(transaction, certificate, reason).await?;
                Ok(UpstreamRecorded::Noted)
            }
        }
    }

    async fn record(
        &self,
        transaction: &mut Transaction<'_>,
        certificate: &Certificate,
    ) -> Result<UpstreamRecorded, StoreError> {
        let serial = certificate.serial();
        let fingerprint = *certificate.fingerprint_sha256();
        if self.is_used(transaction, certificate).await? {
            let reason = "its serial number was used before";
            self.refuse(transaction, certificate, reason).await?;
            return Ok(UpstreamRecorded::SerialUsed);
        }
        let revoked = "SELECT 1 FROM revocations WHERE certificate = $1";
        if let Some(_found) = transaction.session.first(revoked, values![self.id]).await? {
            let reason = "it was revoked before its certificate was known";
            self.refuse(transaction, certificate, reason).await?;
            return Ok(UpstreamRecorded::Revoked);
        }
        // What was recorded already is recorded no second time.
        let before = "SELECT state FROM certificates WHERE id = $1";
        let before = transaction.session.first(before, values![self.id]).await?;
        let before = before.map(|row| row.int(0)).transpose()?;
        let sql = "UPDATE certificates SET state = $2, serial = $3, content = $4, fingerprint = $5, not_before = $6, \
                   not_after = $7 WHERE id = $1 AND (state IN (0, 2) OR fingerprint = $5)";
        let set = values![
            self.id,
            stored::ISSUED,
            serial.as_bytes(),
            certificate.der(),
            fingerprint,
            certificate.not_before(),
            certificate.not_after()
        ];
        if !transaction.session.changes(sql, set).await? {
            let reason = "the order was closed before its certificate came";
            self.refuse(transaction, certificate, reason).await?;
            return Ok(UpstreamRecorded::Overtaken);
        }
        if before != Some(stored::ISSUED) {
            let detail = json!({ "fingerprint_sha256": hex(&fingerprint) });
            self.audit(transaction, AuditEvent::Issued, Some(serial), detail);
        }
        Ok(UpstreamRecorded::GivenOut)
    }

    /// Whether the number is that of another certificate, or of one that was refused.
    async fn is_used(
        &self,
        transaction: &mut Transaction<'_>,
        certificate: &Certificate,
    ) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM certificates WHERE issuer = $1 AND serial = $2 AND id <> $3 \
                   UNION ALL SELECT 1 FROM upstream_revocations WHERE issuer = $1 AND serial = $2";
        let set = values![self.issuer, certificate.serial().as_bytes(), self.id];
        Ok(transaction.session.first(sql, set).await?.is_some())
    }

    /// The upstream is to revoke what it has returned, and the order comes to nothing.
    ///
    /// A certificate that was given out before is not revoked because it was returned again: nothing new exists, and its
    /// holder has done nothing. What the upstream may have issued in its place is looked for.
    async fn refuse(
        &self,
        transaction: &mut Transaction<'_>,
        certificate: &Certificate,
        reason: &str,
    ) -> Result<(), StoreError> {
        let (serial, fingerprint) = (certificate.serial(), *certificate.fingerprint_sha256());
        let sql = "SELECT 1 FROM certificates WHERE fingerprint = $1";
        let is_ours = transaction
            .session
            .first(sql, values![fingerprint])
            .await?
            .is_some();
        let mut is_new = false;
        if !is_ours {
            let reason = RevocationReason::Superseded.as_str();
            let insert = "INSERT INTO upstream_revocations (issuer, serial, reason, since) VALUES ($1, $2, $3, $4) \
                          ON CONFLICT (issuer, serial) DO NOTHING";
            let set = values![self.issuer, serial.as_bytes(), reason, self.now];
            is_new |= transaction.session.changes(insert, set).await?;
        }
        let sql = "UPDATE certificates SET state = $2 WHERE id = $1 AND state IN (0, 2)";
        let set = values![self.id, stored::FAILED];
        is_new |= transaction.session.changes(sql, set).await?;
        // It was written down before.
        if !is_new {
            return Ok(());
        }
        let look_again = "INSERT INTO upstream_orders (certificate, requester, handle, ask_at) VALUES ($1, $2, NULL, $3) \
                          ON CONFLICT (certificate) DO UPDATE SET handle = NULL, ask_at = excluded.ask_at";
        let set = values![self.id, self.actor.as_str(), self.now];
        transaction.session.query(look_again, set).await?;
        let detail = json!({
            "reason": reason,
            "serial": serial.to_string(),
            "subject": certificate.subject().to_string(),
            "fingerprint_sha256": hex(&fingerprint),
            "was_given_out_before": is_ours,
        });
        self.audit(transaction, AuditEvent::UpstreamRefused, None, detail);
        Ok(())
    }

    async fn close(
        &self,
        transaction: &mut Transaction<'_>,
        state: i64,
        reason: &str,
    ) -> Result<UpstreamRecorded, StoreError> {
        let sql = "UPDATE certificates SET state = $2 WHERE id = $1 AND state IN (0, 2)";
        let set = values![self.id, state];
        if transaction.session.changes(sql, set).await? {
            let event = match state {
                stored::FAILED => AuditEvent::Failed,
                _ => AuditEvent::Unconfirmed,
            };
            self.audit(transaction, event, None, json!({ "reason": reason }));
        }
        Ok(UpstreamRecorded::Noted)
    }

    async fn wait(
        &self,
        transaction: &mut Transaction<'_>,
        handle: &str,
        ask_at: OffsetDateTime,
    ) -> Result<UpstreamRecorded, StoreError> {
        let sql = "SELECT 1 FROM upstream_orders WHERE certificate = $1";
        let is_new = transaction
            .session
            .first(sql, values![self.id])
            .await?
            .is_none();
        let insert = "INSERT INTO upstream_orders (certificate, requester, handle, ask_at) VALUES ($1, $2, $3, $4) \
                      ON CONFLICT (certificate) DO UPDATE SET handle = excluded.handle, ask_at = excluded.ask_at";
        let set = values![self.id, self.actor.as_str(), handle, ask_at];
        transaction.session.query(insert, set).await?;
        // It waits, and is not lost.
        let sql = "UPDATE certificates SET state = $2 WHERE id = $1 AND state = $3";
        let set = values![self.id, stored::RESERVED, stored::UNCONFIRMED];
        transaction.session.query(sql, set).await?;
        if is_new {
            let detail = json!({ "handle": handle });
            self.audit(transaction, AuditEvent::UpstreamPending, None, detail);
        }
        Ok(UpstreamRecorded::Noted)
    }

    async fn forget_order(&self, transaction: &mut Transaction<'_>) -> Result<(), StoreError> {
        let sql = "DELETE FROM upstream_orders WHERE certificate = $1";
        transaction.session.query(sql, values![self.id]).await?;
        Ok(())
    }

    fn audit(
        &self,
        transaction: &mut Transaction<'_>,
        event: AuditEvent,
        serial: Option<&SerialNumber>,
        detail: serde_json::Value,
    ) {
        transaction.audit(event, self.now, &self.actor, &self.ca, serial, detail);
    }
}

impl UpstreamTold {
    pub(crate) async fn apply(
        &self,
        transaction: &mut Transaction<'_>,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE upstream_revocations SET told_at = $3 WHERE issuer = $1 AND serial = $2 AND told_at IS NULL";
        let set = values![self.issuer, self.serial.as_bytes(), self.now];
        let was_open = transaction.session.changes(sql, set).await?;
        if was_open {
            let detail = json!({ "serial": self.serial.to_string(), "known": self.is_known });
            let event = AuditEvent::UpstreamRevoked;
            transaction.audit(event, self.now, &self.actor, &self.ca, None, detail);
        }
        Ok(was_open)
    }
}
