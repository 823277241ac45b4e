//! Revoking.

mod blocked_keys;

use std::collections::BTreeSet;

use pki_core::verify::RevocationReason;
use serde_json::json;
use time::OffsetDateTime;

pub(super) use self::blocked_keys::BlockedKeys;
use super::transaction::Transaction;
use crate::StoreError;
use crate::audit::AuditEvent;
use crate::database::{Many, values};
use crate::query;
use crate::record::hex;
use crate::record::{Actor, CertificateRecord, CertificateState, IssuerRole, Selection, Selector};

/// Certificates that are to be revoked.
#[derive(Clone)]
pub(crate) struct Revoke {
    pub(crate) selection: Selection,
    pub(crate) reason: RevocationReason,
    pub(crate) actor: Actor,
    pub(crate) now: OffsetDateTime,
}

impl Revoke {
    /// Those that it has changed: what was revoked before is not, unless its key turns out to be compromised.
    pub(crate) async fn apply(
        &self,
        transaction: &mut Transaction<'_>,
    ) -> Result<Vec<CertificateRecord>, StoreError> {
        if self.reason == RevocationReason::RemoveFromCrl {
            let reason = "removeFromCRL is not a reason to revoke; a revocation is for good";
            return Err(StoreError::Refused(reason.into()));
        }
        let selection = self.selection.clone().because(self.reason);
        let mut selected = query::select(transaction.session, &selection, self.now).await?;
        selected.retain(|record| record.is_changed_by(self.reason));
        let reason = self.reason.as_str();
        let mut sets = Vec::with_capacity(selected.len());
        for record in &mut selected {
            // What is revoked stays revoked since then.
            let at = record.revoked.map_or(self.now, |(at, _)| at);
            record.state = CertificateState::Revoked;
            record.revoked = Some((at, self.reason));
            sets.push(values![
                record.id,
                record.issuer.0,
                record.partition,
                record.serial.as_bytes(),
                record.not_after,
                at,
                reason,
                transaction.next_revision()
            ]);
            let detail = json!({
                "reason": reason,
                "subject": record.subject,
                "fingerprint_sha256": record.fingerprint_sha256.as_ref().map(|it| hex(it)),
            });
            let serial = Some(&record.serial);
            let ca = &record.ca;
            transaction.audit(
                AuditEvent::Revoked,
                self.now,
                &self.actor,
                ca,
                serial,
                detail,
            );
        }
        let insert = Many::Insert {
            into: "revocations (certificate, issuer, part, serial, not_after, revoked_at, reason, revision)",
            rest: "ON CONFLICT (certificate) DO UPDATE SET reason = excluded.reason, revision = excluded.revision",
        };
        transaction.session.query_each(insert, sets).await?;
        self.tell_upstreams(transaction, &selected).await?;
        if self.reason == RevocationReason::KeyCompromise {
            self.block_keys(transaction, &selected).await?;
        }
        Ok(selected)
    }

    /// An upstream CA has to revoke what it has issued. What it may have issued is revoked when it is found.
    async fn tell_upstreams(
        &self,
        transaction: &mut Transaction<'_>,
        revoked: &[CertificateRecord],
    ) -> Result<(), StoreError> {
        let sql = "SELECT id FROM issuers WHERE role = $1";
        let role = IssuerRole::Upstream.as_str();
        let rows = transaction.session.query(sql, values![role]).await?;
        let upstreams = rows.iter().map(|row| row.int(0));
        let upstreams = upstreams.collect::<Result<BTreeSet<_>, _>>()?;
        let known = revoked
            .iter()
            .filter(|it| upstreams.contains(&it.issuer.0) && it.fingerprint_sha256.is_some());
        let reason = self.reason.as_str();
        let sets = known.map(|it| values![it.issuer.0, it.serial.as_bytes(), reason, self.now]);
        let insert = Many::Insert {
            into: "upstream_revocations (issuer, serial, reason, since)",
            rest: "ON CONFLICT (issuer, serial) DO UPDATE SET reason = excluded.reason",
        };
        transaction
            .session
            .query_each(insert, sets.collect())
            .await?;
        Ok(())
    }

    /// A key that was named is blocked even if no certificate has it.
    async fn block_keys(
        &self,
        transaction: &mut Transaction<'_>,
        revoked: &[CertificateRecord],
    ) -> Result<(), StoreError> {
        let mut keys: BTreeSet<[u8; 32]> = revoked.iter().filter_map(|it| it.spki_sha256).collect();
        if let Selector::Spki(key) = self.selection.selector {
            keys.insert(key);
        }
        let blocked = BlockedKeys {
            ca: self.selection.ca.as_deref().unwrap_or_default(),
            actor: &self.actor,
            now: self.now,
        };
        blocked.add(transaction, keys).await
    }
}
