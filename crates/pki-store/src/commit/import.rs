//! Certificates that other software has issued.

use pki_core::verify::RevocationReason;
use serde_json::json;
use time::OffsetDateTime;
use x509_identity::{Certificate, DistinguishedName, SerialNumber};

use super::reserve::new_lineage;
use super::transaction::Transaction;
use crate::StoreError;
use crate::audit::AuditEvent;
use crate::database::values;
use crate::record::certificate::stored;
use crate::record::hex;
use crate::record::name_pattern::names_of;
use crate::record::{Actor, Issuer, name_keys};

/// A certificate that other software has issued, with or without the certificate itself.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ImportedCertificate {
    pub(crate) serial: SerialNumber,
    pub(crate) subject: DistinguishedName,
    pub(crate) not_before: OffsetDateTime,
    pub(crate) not_after: OffsetDateTime,
    pub(crate) certificate: Option<Certificate>,
    pub(crate) revoked: Option<(OffsetDateTime, RevocationReason)>,
}

impl ImportedCertificate {
    /// One that is at hand.
    #[must_use]
    pub fn new(certificate: Certificate) -> Self {
        Self {
            serial: certificate.serial().clone(),
            subject: certificate.subject().clone(),
            not_before: certificate.not_before(),
            not_after: certificate.not_after(),
            certificate: Some(certificate),
            revoked: None,
        }
    }

    /// One of which a database of the other software says this much. It can be revoked as any other, and its validity
    /// period counts from 1970.
    #[must_use]
    pub fn from_index(
        serial: SerialNumber,
        subject: DistinguishedName,
        not_after: OffsetDateTime,
    ) -> Self {
        Self {
            serial,
            subject,
            not_before: OffsetDateTime::UNIX_EPOCH,
            not_after,
            certificate: None,
            revoked: None,
        }
    }

    /// It was revoked then.
    #[must_use]
    pub fn revoked(mut self, at: OffsetDateTime, reason: RevocationReason) -> Self {
        self.revoked = Some((at, reason));
        self
    }
}

/// Certificates that are to be taken over.
#[derive(Clone)]
pub(crate) struct Import {
    pub(crate) issuer: Issuer,
    pub(crate) certificates: Vec<ImportedCertificate>,
    pub(crate) actor: Actor,
    pub(crate) now: OffsetDateTime,
}

impl Import {
    /// How many were not there before.
    pub(crate) async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<u64, StoreError> {
        let mut added = 0;
        for certificate in &self.certificates {
            if self.one(transaction, certificate).await? {
                added += 1;
            }
        }
        Ok(added)
    }

    async fn one(
        &self,
        transaction: &mut Transaction<'_>,
        imported: &ImportedCertificate,
    ) -> Result<bool, StoreError> {
        if !imported.serial.is_rfc5280() {
            let reason = format!("the serial number {} cannot be revoked", imported.serial);
            return Err(StoreError::Refused(reason));
        }
        let certificate = imported.certificate.as_ref();
        let (sans, keys) = match certificate {
            Some(certificate) => names_of(certificate),
            None => (Vec::new(), name_keys(&imported.subject, &[])),
        };
        let sans = serde_json::to_string(&sans).map_err(|error| StoreError::Corrupt {
            what: error.to_string(),
        })?;
        let fingerprint = certificate.map(|it| *it.fingerprint_sha256());
        let issuer = &self.issuer;
        let sql = "INSERT INTO certificates (issuer, serial, state, profile, subject, sans, not_before, not_after, spki, \
                   fingerprint, lineage, part, holder, reserved_at, content) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, $12, $13, $14) \
                   ON CONFLICT (issuer, serial) DO NOTHING RETURNING id";
        let parameters = values![
            issuer.id.0,
            imported.serial.as_bytes(),
            stored::ISSUED,
            "imported",
            imported.subject.to_string(),
            sans,
            imported.not_before,
            imported.not_after,
            certificate.map(|it| *it.spki_sha256()),
            fingerprint,
            new_lineage(issuer.certificate().fingerprint_sha256(), &imported.serial),
            [0_u8; 16],
            self.now,
            certificate.map(Certificate::der)
        ];
        let Some(row) = transaction.session.first(sql, parameters).await? else {
            return Ok(false);
        };
        let id = row.int(0)?;
        let sql = "INSERT INTO names (name, certificate) VALUES ($1, $2)";
        let names = keys.into_iter().map(|key| values![key, id]).collect();
        transaction.session.query_each(sql, names).await?;
        let revoked = imported.revoked.map(|(at, reason)| (at, reason.as_str()));
        if let Some((at, reason)) = &revoked {
            let sql = "INSERT INTO revocations (certificate, issuer, part, serial, not_after, revoked_at, reason, \
                       revision) VALUES ($1, $2, 0, $3, $4, $5, $6, $7)";
            let parameters = values![
                id,
                issuer.id.0,
                imported.serial.as_bytes(),
                imported.not_after,
                *at,
                *reason,
                transaction.next_revision()
            ];
            transaction.session.query(sql, parameters).await?;
        }
        let detail = json!({
            "subject": imported.subject.to_string(),
            "fingerprint_sha256": fingerprint.as_ref().map(|it| hex(it)),
            "revoked": revoked.map(|(_, reason)| reason),
        });
        let serial = Some(&imported.serial);
        let ca = &issuer.ca;
        transaction.audit(
            AuditEvent::Imported,
            self.now,
            &self.actor,
            ca,
            serial,
            detail,
        );
        Ok(true)
    }
}
