//! Accounts: making and changing them.

use serde_json::json;
use time::OffsetDateTime;

use super::key::use_once;
use crate::audit::AuditEvent;
use crate::commit::transaction::Transaction;
use crate::database::values;
use crate::record::acme::stored_account;
use crate::record::{AcmeAccount, AcmeAccountChange, Actor, NewAcmeAccount, hex};
use crate::{AcmeError, StoreError, query};

/// An account that is to be made.
#[derive(Clone)]
pub(crate) struct CreateAcmeAccount {
    pub(crate) account: NewAcmeAccount,
    pub(crate) actor: Actor,
    pub(crate) now: OffsetDateTime,
}

/// An account that is to be changed.
#[derive(Clone)]
pub(crate) struct ChangeAcmeAccount {
    pub(crate) ca: String,
    pub(crate) id: i64,
    pub(crate) change: AcmeAccountChange,
    pub(crate) actor: Actor,
    pub(crate) now: OffsetDateTime,
}

impl CreateAcmeAccount {
    /// The one that has the key already, if there is one.
    pub(crate) async fn apply(
        &self,
        transaction: &mut Transaction<'_>,
    ) -> Result<Result<AcmeAccount, AcmeError>, StoreError> {
        let account = &self.account;
        let (ca, thumbprint) = (account.ca.as_str(), account.thumbprint);
        let session = &mut *transaction.session;
        let before = query::acme::account_by_thumbprint(session, ca, thumbprint).await?;
        if let Some(before) = before {
            return Ok(Ok(before));
        }
        if let Some(key) = account.key
            && let Err(error) = use_once(transaction, key, ca, self.now).await?
        {
            let reason = error.to_string();
            let detail = json!({ "subject": "new ACME account", "reason": reason });
            let event = AuditEvent::Refused;
            transaction.audit(event, self.now, &self.actor, ca, None, detail);
            return Ok(Err(error));
        }
        let sql = "INSERT INTO acme_accounts (ca, thumbprint, jwk, contacts, state, acme_key, made_at) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let parameters = values![
            ca,
            thumbprint,
            account.jwk.as_str(),
            json!(account.contacts).to_string(),
            stored_account::VALID,
            account.key,
            self.now
        ];
        transaction.session.query(sql, parameters).await?;
        let session = &mut *transaction.session;
        let made = query::acme::account_by_thumbprint(session, ca, thumbprint).await?;
        let made = made.ok_or(StoreError::Closed)?;
        let detail = json!({
            "account": made.id,
            "kid": made.kid,
            "thumbprint": hex(&thumbprint),
            "contacts": made.contacts,
        });
        let event = AuditEvent::AcmeAccountCreated;
        transaction.audit(event, self.now, &self.actor, ca, None, detail);
        Ok(Ok(made))
    }
}

impl ChangeAcmeAccount {
    /// # Errors
    ///
    /// [`StoreError::NotFound`].
    pub(crate) async fn apply(
        &self,
        transaction: &mut Transaction<'_>,
    ) -> Result<Result<AcmeAccount, AcmeError>, StoreError> {
        let (ca, id) = (self.ca.as_str(), self.id);
        let (sql, mut parameters, what) = match &self.change {
            AcmeAccountChange::Contacts(contacts) => (
                "UPDATE acme_accounts SET contacts = $3 WHERE ca = $1 AND id = $2 AND state = 0",
                values![json!(contacts).to_string()],
                json!({ "contacts": contacts }),
            ),
            AcmeAccountChange::Deactivate => (
                "UPDATE acme_accounts SET state = $3 WHERE ca = $1 AND id = $2 AND state = 0",
                values![stored_account::DEACTIVATED],
                json!({ "state": "deactivated" }),
            ),
            AcmeAccountChange::Key {
                before,
                thumbprint,
                jwk,
            } => {
                let session = &mut *transaction.session;
                let taken = query::acme::account_by_thumbprint(session, ca, *thumbprint).await?;
                match taken {
                    // It was changed, and that was not heard of.
                    Some(account) if account.id == id => return Ok(Ok(account)),
                    Some(_) => return Ok(Err(AcmeError::KeyTaken)),
                    None => {}
                }
                // Two changes at once are both signed by the key before.
                let now = query::acme::account(session, ca, id).await?;
                if now.is_some_and(|account| account.thumbprint != *before) {
                    return Ok(Err(AcmeError::KeyChanged));
                }
                (
                    "UPDATE acme_accounts SET thumbprint = $3, jwk = $4 \
                     WHERE ca = $1 AND id = $2 AND state = 0",
                    values![*thumbprint, jwk.as_str()],
                    json!({ "thumbprint": hex(thumbprint) }),
                )
            }
            AcmeAccountChange::Revoke => (
                "UPDATE acme_accounts SET state = $3 WHERE ca = $1 AND id = $2 AND state = 0",
                values![stored_account::REVOKED],
                json!({ "state": "revoked" }),
            ),
        };
        let mut all = values![ca, id];
        all.append(&mut parameters);
        if transaction.session.changes(sql, all).await? {
            let detail = json!({ "account": id, "change": what });
            let event = AuditEvent::AcmeAccountChanged;
            transaction.audit(event, self.now, &self.actor, ca, None, detail);
        }
        let found = query::acme::account(transaction.session, ca, id).await?;
        let found = found.ok_or_else(|| StoreError::NotFound {
            what: format!("ACME account {id}"),
        })?;
        Ok(Ok(found))
    }
}
