//! Certificates that other software has issued.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use pki_core::verify::RevocationReason;
use serde_json::json;
use time::OffsetDateTime;
use x509_identity::{Certificate, DistinguishedName, SerialNumber};

use super::added::added_id;
use super::revoke::BlockedKeys;
use super::transaction::Transaction;
use crate::StoreError;
use crate::audit::AuditEvent;
use crate::commit::issue::reserve::new_lineage;
use crate::database::{Many, Value, values};
use crate::record::certificate::stored;
use crate::record::name_pattern::names_of;
use crate::record::{Actor, Issuer, name_keys};
use crate::record::{hex, sans_text};

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
        for imported in &self.certificates {
            if !imported.serial.is_rfc5280() {
                let reason = format!("the serial number {} cannot be revoked", imported.serial);
                return Err(StoreError::Refused(reason));
            }
        }
        let mut added = 0;
        for part in self.each_once().chunks(TOGETHER) {
            added += self.part(transaction, part).await?;
        }
        Ok(added)
    }

    /// Each serial number once. Whatever has it twice means the revoked one: a revocation is for good.
    fn each_once(&self) -> Vec<Cow<'_, ImportedCertificate>> {
        let mut places = HashMap::new();
        let mut all: Vec<Cow<'_, ImportedCertificate>> = Vec::new();
        for imported in &self.certificates {
            let place = *places.entry(&imported.serial).or_insert(all.len());
            match all.get_mut(place) {
                Some(before) if before.revoked.is_none() && imported.revoked.is_some() => {
                    before.to_mut().revoked = imported.revoked;
                }
                Some(_) => {}
                None => all.push(Cow::Borrowed(imported)),
            }
        }
        all
    }

    async fn part(
        &self,
        transaction: &mut Transaction<'_>,
        part: &[Cow<'_, ImportedCertificate>],
    ) -> Result<u64, StoreError> {
        let issuer = self.issuer.id.0;
        let serials = part
            .iter()
            .map(|it| values![issuer, it.serial.as_bytes()])
            .collect();
        let known = Many::Select("SELECT 1 FROM certificates WHERE issuer = $1 AND serial = $2");
        let known = transaction.session.query_each(known, serials).await?;
        let new: Vec<_> = part
            .iter()
            .zip(known)
            .filter(|(_, known)| known.is_empty())
            .map(|(it, _)| it.as_ref())
            .collect();
        let mut sets = Vec::with_capacity(new.len());
        let mut keys = Vec::with_capacity(new.len());
        for imported in &new {
            let (set, names) = self.row(imported)?;
            sets.push(set);
            keys.push(names);
        }
        let insert = Many::Numbered {
            into: "certificates (issuer, serial, state, profile, subject, sans, not_before, not_after, spki, fingerprint, \
                   lineage, part, holder, reserved_at, content)",
            known_by: ("serial", 1),
        };
        let rows = transaction.session.query_each(insert, sets).await?;
        let mut names = Vec::new();
        let mut revoked = Vec::new();
        let mut compromised = BTreeSet::new();
        for ((imported, keys), rows) in new.iter().zip(keys).zip(rows) {
            let id = added_id(&rows, &imported.serial)?;
            names.extend(keys.into_iter().map(|key| values![key, id]));
            if let Some((at, reason)) = imported.revoked {
                revoked.push(values![
                    id,
                    issuer,
                    0_u32,
                    imported.serial.as_bytes(),
                    imported.not_after,
                    at,
                    reason.as_str(),
                    transaction.next_revision()
                ]);
                let certificate = imported.certificate.as_ref();
                let key = certificate.filter(|_| reason == RevocationReason::KeyCompromise);
                compromised.extend(key.map(|it| *it.spki_sha256()));
            }
            self.audit(transaction, imported);
        }
        let into_names = Many::Insert {
            into: "names (name, certificate)",
            rest: "",
        };
        let into_revocations = Many::Insert {
            into: "revocations (certificate, issuer, part, serial, not_after, revoked_at, reason, revision)",
            rest: "",
        };
        let work = vec![(into_names, names), (into_revocations, revoked)];
        transaction.session.all(work).await?;
        let blocked = BlockedKeys {
            ca: &self.issuer.ca,
            actor: &self.actor,
            now: self.now,
        };
        blocked.add(transaction, compromised).await?;
        Ok(u64::try_from(new.len()).unwrap_or(u64::MAX))
    }

    /// The row of a certificate, and the keys by which its names are found.
    fn row(
        &self,
        imported: &ImportedCertificate,
    ) -> Result<(Vec<Value>, Vec<Vec<u8>>), StoreError> {
        let certificate = imported.certificate.as_ref();
        let (sans, keys) = match certificate {
            Some(certificate) => names_of(certificate),
            None => (Vec::new(), name_keys(&imported.subject, &[])),
        };
        let issuer = &self.issuer;
        let row = values![
            issuer.id.0,
            imported.serial.as_bytes(),
            stored::ISSUED,
            "imported",
            imported.subject.to_string(),
            sans_text(&sans)?,
            imported.not_before,
            imported.not_after,
            certificate.map(|it| *it.spki_sha256()),
            certificate.map(|it| *it.fingerprint_sha256()),
            new_lineage(issuer.certificate().fingerprint_sha256(), &imported.serial),
            0_u32,
            [0_u8; 16],
            self.now,
            certificate.map(Certificate::der)
        ];
        Ok((row, keys))
    }

    fn audit(&self, transaction: &mut Transaction<'_>, imported: &ImportedCertificate) {
        let certificate = imported.certificate.as_ref();
        let detail = json!({
            "subject": imported.subject.to_string(),
            "fingerprint_sha256": certificate.map(|it| hex(it.fingerprint_sha256())),
            "revoked": imported.revoked.map(|(_, reason)| reason.as_str()),
        });
        transaction.audit(
            AuditEvent::Imported,
            self.now,
            &self.actor,
            &self.issuer.ca,
            Some(&imported.serial),
            detail,
        );
    }
}

/// Certificates that are added at once.
const TOGETHER: usize = 1000;
