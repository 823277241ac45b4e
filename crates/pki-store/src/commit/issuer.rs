//! Issuers.

use serde_json::json;
use time::OffsetDateTime;

use super::transaction::Transaction;
use crate::StoreError;
use crate::audit::AuditEvent;
use crate::database::values;
use crate::record::hex;
use crate::record::issuer::chain_pem;
use crate::record::{Actor, IssuerId, IssuerState, NewIssuer};

/// An issuer that is to be added.
#[derive(Clone)]
pub(crate) struct AddIssuer {
    pub(crate) issuer: NewIssuer,
    pub(crate) actor: Actor,
    pub(crate) now: OffsetDateTime,
}

/// An issuer that issues no more, or again.
#[derive(Clone)]
pub(crate) struct ChangeIssuer {
    pub(crate) id: IssuerId,
    pub(crate) state: IssuerState,
    pub(crate) actor: Actor,
    pub(crate) now: OffsetDateTime,
}

impl AddIssuer {
    /// One that is there already is not added twice.
    pub(crate) async fn apply(
        &self,
        transaction: &mut Transaction<'_>,
    ) -> Result<IssuerId, StoreError> {
        let new = &self.issuer;
        let certificate = new.check()?;
        let fingerprint = *certificate.fingerprint_sha256();
        let sql = "SELECT id, ca FROM issuers WHERE fingerprint = $1";
        if let Some(row) = transaction.session.first(sql, values![fingerprint]).await? {
            let ca = row.text(1)?;
            if ca != new.ca {
                let reason = format!("this CA certificate belongs to the CA `{ca}` of the store");
                return Err(StoreError::Refused(reason));
            }
            return Ok(IssuerId(row.int(0)?));
        }
        let sql = "INSERT INTO issuers (ca, role, state, fingerprint, spki, not_after, parts, crl_url, chain, added_at) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id";
        let parameters = values![
            new.ca.as_str(),
            new.role.as_str(),
            IssuerState::Active.as_str(),
            fingerprint,
            *certificate.spki_sha256(),
            certificate.not_after(),
            new.partitions,
            new.crl_url.as_deref(),
            chain_pem(&new.chain),
            self.now
        ];
        let row = transaction.session.first(sql, parameters).await?;
        let id = row.ok_or(StoreError::Closed)?.int(0)?;
        let detail = json!({
            "role": new.role.as_str(),
            "subject": certificate.subject().to_string(),
            "fingerprint_sha256": hex(&fingerprint),
        });
        let serial = Some(certificate.serial());
        transaction.audit(
            AuditEvent::IssuerAdded,
            self.now,
            &self.actor,
            &new.ca,
            serial,
            detail,
        );
        Ok(IssuerId(id))
    }
}

impl ChangeIssuer {
    pub(crate) async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<(), StoreError> {
        let sql = "UPDATE issuers SET state = $2 WHERE id = $1 RETURNING ca";
        let row = transaction
            .session
            .first(sql, values![self.id.0, self.state.as_str()])
            .await?;
        let Some(row) = row else {
            return Err(StoreError::NotFound {
                what: format!("issuer {}", self.id.0),
            });
        };
        let detail = json!({ "issuer": self.id.0, "state": self.state.as_str() });
        let ca = row.text(0)?;
        transaction.audit(
            AuditEvent::IssuerChanged,
            self.now,
            &self.actor,
            ca,
            None,
            detail,
        );
        Ok(())
    }
}
