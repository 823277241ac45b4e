//! Keys of the external account binding: making them, revoking them, and using them up.

use serde_json::json;
use time::OffsetDateTime;

use crate::audit::AuditEvent;
use crate::commit::credentials::limited::Limited;
use crate::commit::transaction::Transaction;
use crate::database::values;
use crate::record::{AcmeKey, AcmeMac, Actor, NewAcmeKey};
use crate::{AcmeError, StoreError, query};

/// A key that is to be made.
#[derive(Clone)]
pub(crate) struct CreateAcmeKey {
    pub(crate) key: NewAcmeKey,
    pub(crate) mac: AcmeMac,
    pub(crate) actor: Actor,
    pub(crate) now: OffsetDateTime,
}

/// A key that is to be revoked.
#[derive(Clone)]
pub(crate) struct RevokeAcmeKey {
    pub(crate) ca: String,
    pub(crate) id: i64,
    pub(crate) actor: Actor,
    pub(crate) now: OffsetDateTime,
}

impl CreateAcmeKey {
    pub(crate) async fn apply(
        &self,
        transaction: &mut Transaction<'_>,
    ) -> Result<AcmeKey, StoreError> {
        let key = &self.key;
        let ca = key.ca.as_str();
        // A transaction whose end was not heard of, and which did take place.
        let before = query::acme::key_by_kid(transaction.session, ca, &key.kid).await?;
        if let Some((before, _)) = before {
            return Ok(before);
        }
        if key.uses == 0 || key.expires_at <= self.now || key.profiles.is_empty() {
            let reason = "an external account key that nobody could use is not made";
            return Err(StoreError::Refused(reason.into()));
        }
        let names: Vec<_> = key.names.iter().map(ToString::to_string).collect();
        let sql = "INSERT INTO acme_keys (ca, kid, mac, profiles, names, uses, used, made_by, made_at, expires_at) \
                   VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8, $9)";
        let parameters = values![
            ca,
            key.kid.as_str(),
            *self.mac.secret_bytes(),
            json!(key.profiles).to_string(),
            json!(names).to_string(),
            key.uses,
            self.actor.as_str(),
            self.now,
            key.expires_at
        ];
        transaction.session.query(sql, parameters).await?;
        let detail = json!({
            "kid": key.kid,
            "profiles": key.profiles,
            "names": names,
            "uses": key.uses,
            "expires_at": key.expires_at.unix_timestamp(),
        });
        let event = AuditEvent::AcmeKeyCreated;
        transaction.audit(event, self.now, &self.actor, ca, None, detail);
        let made = query::acme::key_by_kid(transaction.session, ca, &key.kid).await?;
        made.map(|(made, _)| made).ok_or(StoreError::Closed)
    }
}

impl RevokeAcmeKey {
    pub(crate) async fn apply(
        &self,
        transaction: &mut Transaction<'_>,
    ) -> Result<AcmeKey, StoreError> {
        let revoked = Limited::AcmeKeys.revoke(transaction, &self.ca, self.id, self.now);
        let revoked = revoked.await?;
        let found = query::acme::key(transaction.session, &self.ca, self.id).await?;
        let found = found.ok_or_else(|| StoreError::NotFound {
            what: format!("external account key {}", self.id),
        })?;
        if revoked {
            let detail = json!({ "kid": found.kid });
            let event = AuditEvent::AcmeKeyRevoked;
            transaction.audit(event, self.now, &self.actor, &self.ca, None, detail);
        }
        Ok(found)
    }
}

/// Uses a key up once: of all that try it with a key for one account, one wins.
pub(super) async fn use_once(
    transaction: &mut Transaction<'_>,
    id: i64,
    ca: &str,
    now: OffsetDateTime,
) -> Result<Result<(), AcmeError>, StoreError> {
    let used = Limited::AcmeKeys.use_once(transaction, ca, id, now);
    if used.await? {
        return Ok(Ok(()));
    }
    let found = query::acme::key(transaction.session, ca, id).await?;
    let state = found.map_or("unknown", |key| key.state(now).as_str());
    Ok(Err(AcmeError::Key { state }))
}
