//! Challenges: from the holder who says that one is met, to what came of trying it.

use serde_json::json;
use time::OffsetDateTime;

use crate::StoreError;
use crate::audit::AuditEvent;
use crate::commit::transaction::Transaction;
use crate::database::{Many, Row, values};
use crate::record::{AcmeOutcome, AcmeState, Actor, DueChallenge};

/// The holder of the account says that it is met.
#[derive(Clone)]
pub(crate) struct BeginAcmeChallenge {
    pub(crate) id: i64,
    pub(crate) now: OffsetDateTime,
    /// When it is tried by others.
    pub(crate) next_at: OffsetDateTime,
}

/// Somebody tries them, and nobody else until then.
#[derive(Clone)]
pub(crate) struct ClaimAcmeChallenges {
    pub(crate) due: Vec<DueChallenge>,
    pub(crate) until: OffsetDateTime,
}

/// It was tried.
#[derive(Clone)]
pub(crate) struct FinishAcmeChallenge {
    pub(crate) id: i64,
    pub(crate) outcome: AcmeOutcome,
    pub(crate) actor: Actor,
    pub(crate) now: OffsetDateTime,
}

/// The holder of the account ends an authorization.
#[derive(Clone)]
pub(crate) struct DeactivateAcmeAuthorization {
    pub(crate) id: i64,
}

impl BeginAcmeChallenge {
    /// `false` if it was begun before, or its authorization is at its end.
    pub(crate) async fn apply(
        &self,
        transaction: &mut Transaction<'_>,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE acme_challenges SET state = 2, next_at = $2 WHERE id = $1 AND state = 0 \
                   AND acme_authorization IN (SELECT id FROM acme_authorizations WHERE state = 0 AND expires_at > $3)";
        let parameters = values![self.id, self.next_at, self.now];
        transaction.session.changes(sql, parameters).await
    }
}

impl ClaimAcmeChallenges {
    /// Those for which nobody else was faster.
    pub(crate) async fn apply(
        &self,
        transaction: &mut Transaction<'_>,
    ) -> Result<Vec<DueChallenge>, StoreError> {
        let sql = "UPDATE acme_challenges SET next_at = $3, attempts = attempts + 1 \
                   WHERE id = $1 AND state = 2 AND attempts = $2 RETURNING attempts";
        let sets = self.due.iter();
        let sets = sets.map(|it| values![it.id, it.attempts, self.until]);
        let claimed = transaction
            .session
            .query_each(Many::Change(sql), sets.collect());
        let mut challenges = Vec::new();
        for (challenge, rows) in self.due.iter().zip(claimed.await?) {
            if let Some(row) = rows.first() {
                challenges.push(DueChallenge {
                    attempts: row.count(0)?,
                    ..challenge.clone()
                });
            }
        }
        Ok(challenges)
    }
}

impl FinishAcmeChallenge {
    /// `false` if it was not being tried, as when the authorization was ended meanwhile.
    pub(crate) async fn apply(
        &self,
        transaction: &mut Transaction<'_>,
    ) -> Result<bool, StoreError> {
        let session = &mut *transaction.session;
        let (sql, parameters) = match &self.outcome {
            AcmeOutcome::Later { problem, at } => (
                "UPDATE acme_challenges SET problem = $2, next_at = $3 WHERE id = $1 AND state = 2",
                values![self.id, problem.as_str(), *at],
            ),
            AcmeOutcome::Failed { problem } => (
                "UPDATE acme_challenges SET state = 4, problem = $2 WHERE id = $1 AND state = 2",
                values![self.id, problem.as_str()],
            ),
            AcmeOutcome::Met { .. } => (
                "UPDATE acme_challenges SET state = 3, problem = NULL, validated_at = $2 \
                 WHERE id = $1 AND state = 2",
                values![self.id, self.now],
            ),
        };
        if !session.changes(sql, parameters).await? {
            return Ok(false);
        }
        let (state, attested) = match &self.outcome {
            AcmeOutcome::Later { .. } => return Ok(true),
            AcmeOutcome::Failed { .. } => (AcmeState::Invalid, None),
            AcmeOutcome::Met { attested } => (AcmeState::Valid, attested.as_ref()),
        };
        let sql = "UPDATE acme_authorizations SET state = $2, attested = $3, evidence = $4 WHERE state = 0 \
                   AND id = (SELECT acme_authorization FROM acme_challenges WHERE id = $1) \
                   RETURNING acme_order, kind, value";
        let spki = attested.map(|it| it.spki_sha256);
        let evidence = attested.map(|it| json!(it.record).to_string());
        let parameters = values![self.id, state.stored(), spki, evidence];
        let Some(authorization) = session.first(sql, parameters).await? else {
            return Ok(false);
        };
        self.of_order(transaction, &authorization).await?;
        Ok(true)
    }

    async fn of_order(
        &self,
        transaction: &mut Transaction<'_>,
        authorization: &Row,
    ) -> Result<(), StoreError> {
        let order = authorization.int(0)?;
        let session = &mut *transaction.session;
        let (sql, parameters) = match &self.outcome {
            AcmeOutcome::Failed { problem } => (
                "UPDATE acme_orders SET state = 4, problem = $2 WHERE id = $1 AND state IN (0, 1)",
                values![order, problem.as_str()],
            ),
            _ => (
                "UPDATE acme_orders SET state = 1 WHERE id = $1 AND state = 0 AND NOT EXISTS \
                 (SELECT 1 FROM acme_authorizations WHERE acme_order = $1 AND state <> 3)",
                values![order],
            ),
        };
        session.query(sql, parameters).await?;
        let sql = "SELECT o.ca, o.account, c.kind FROM acme_orders o, acme_challenges c WHERE o.id = $1 AND c.id = $2";
        let row = session.first(sql, values![order, self.id]).await?;
        let row = row.ok_or(StoreError::Closed)?;
        let identifier = format!("{}:{}", authorization.text(1)?, authorization.text(2)?);
        let mut detail = json!({
            "account": row.int(1)?,
            "order": order,
            "identifier": identifier,
            "challenge": row.text(2)?,
        });
        let event = match &self.outcome {
            AcmeOutcome::Failed { problem } => {
                if let Some(detail) = detail.as_object_mut() {
                    detail.insert("reason".into(), json!(problem));
                }
                AuditEvent::Refused
            }
            _ => AuditEvent::AcmeAuthorized,
        };
        transaction.audit(event, self.now, &self.actor, row.text(0)?, None, detail);
        Ok(())
    }
}

impl DeactivateAcmeAuthorization {
    /// `false` if it was at its end.
    pub(crate) async fn apply(
        &self,
        transaction: &mut Transaction<'_>,
    ) -> Result<bool, StoreError> {
        let session = &mut *transaction.session;
        let sql = "UPDATE acme_authorizations SET state = 5 WHERE id = $1 AND state IN (0, 3) RETURNING acme_order";
        let Some(row) = session.first(sql, values![self.id]).await? else {
            return Ok(false);
        };
        let sql = "UPDATE acme_orders SET state = 4 WHERE id = $1 AND state IN (0, 1)";
        session.query(sql, values![row.int(0)?]).await?;
        Ok(true)
    }
}
