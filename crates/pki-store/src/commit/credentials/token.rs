//! Tokens: making them and revoking them.

use serde_json::json;
use time::OffsetDateTime;

use crate::StoreError;
use crate::audit::AuditEvent;
use crate::commit::credentials::approval::deny_of_token;
use crate::commit::credentials::limited::Limited;
use crate::commit::transaction::Transaction;
use crate::database::values;
use crate::query;
use crate::record::{Actor, NewToken, TokenId, TokenRecord};

/// A token that is to be made.
#[derive(Clone)]
pub(crate) struct CreateToken {
    pub(crate) token: NewToken,
    pub(crate) hash: [u8; 32],
    pub(crate) actor: Actor,
    pub(crate) now: OffsetDateTime,
}

/// A token that is to be revoked.
#[derive(Clone)]
pub(crate) struct RevokeToken {
    pub(crate) ca: String,
    pub(crate) id: TokenId,
    pub(crate) actor: Actor,
    pub(crate) now: OffsetDateTime,
}

impl CreateToken {
    pub(crate) async fn apply(
        &self,
        transaction: &mut Transaction<'_>,
    ) -> Result<TokenRecord, StoreError> {
        let token = &self.token;
        // A transaction whose end was not heard of, and which did take place.
        let before = query::token_by_hash(transaction.session, &token.ca, self.hash).await?;
        if let Some(before) = before {
            return Ok(before);
        }
        if token.uses == 0 || token.expires_at <= self.now {
            let reason = "a token that nobody could use is not made";
            return Err(StoreError::Refused(reason.into()));
        }
        let names: Vec<_> = token.names.iter().map(ToString::to_string).collect();
        let sql = "INSERT INTO tokens (ca, hash, profile, names, uses, used, made_by, made_at, expires_at) \
                   VALUES ($1, $2, $3, $4, $5, 0, $6, $7, $8) RETURNING id";
        let parameters = values![
            token.ca.as_str(),
            self.hash,
            token.profile.as_str(),
            json!(names).to_string(),
            token.uses,
            self.actor.as_str(),
            self.now,
            token.expires_at
        ];
        let row = transaction.session.first(sql, parameters).await?;
        let id = TokenId(row.ok_or(StoreError::Closed)?.int(0)?);
        let detail = json!({
            "token": id.0,
            "profile": token.profile,
            "names": names,
            "uses": token.uses,
            "expires_at": token.expires_at.unix_timestamp(),
        });
        let event = AuditEvent::TokenCreated;
        transaction.audit(event, self.now, &self.actor, &token.ca, None, detail);
        let made = query::token(transaction.session, &token.ca, id).await?;
        made.ok_or(StoreError::Closed)
    }
}

impl RevokeToken {
    pub(crate) async fn apply(
        &self,
        transaction: &mut Transaction<'_>,
    ) -> Result<TokenRecord, StoreError> {
        let revoked = Limited::Tokens.revoke(transaction, &self.ca, self.id.0, self.now);
        if revoked.await? {
            let detail = json!({ "token": self.id.0 });
            let event = AuditEvent::TokenRevoked;
            transaction.audit(event, self.now, &self.actor, &self.ca, None, detail);
        }
        deny_of_token(transaction, &self.ca, self.id, &self.actor, self.now).await?;
        let found = query::token(transaction.session, &self.ca, self.id).await?;
        found.ok_or_else(|| StoreError::NotFound {
            what: format!("token {}", self.id),
        })
    }
}
