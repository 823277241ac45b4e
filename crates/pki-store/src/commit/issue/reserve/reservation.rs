//! A certificate that is about to be signed, and what became of it.

use std::sync::Arc;

use pki_core::Role;
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use x509_identity::SerialNumber;

use crate::audit::AuditEvent;
use crate::commit::credentials::attestation::{audited, use_up};
use crate::commit::transaction::Transaction;
use crate::query;
use crate::record::certificate::RecordedName;
use crate::record::hex;
use crate::record::{
    Actor, ApprovalState, AttestationRecord, EvidenceUse, Idempotency, IssuerState, TokenId,
};
use crate::{IssueError, StoreError, TokenError};

/// A certificate that is about to be signed.
#[derive(Clone)]
pub(crate) struct Reservation {
    pub(crate) issuer: i64,
    pub(crate) issuer_subject: Arc<str>,
    pub(crate) issuer_fingerprint: [u8; 32],
    pub(crate) ca: String,
    /// Where an upstream CA chooses it, it only stands for that one until it is known.
    pub(crate) serial: SerialNumber,
    pub(crate) serial_is_ours: bool,
    pub(crate) tbs: Vec<u8>,
    pub(crate) profile: String,
    pub(crate) role: Role,
    pub(crate) subject: String,
    pub(crate) sans: Vec<RecordedName>,
    /// The same as it is stored.
    pub(crate) sans_text: String,
    pub(crate) name_keys: Vec<Vec<u8>>,
    pub(crate) not_before: OffsetDateTime,
    pub(crate) not_after: OffsetDateTime,
    pub(crate) spki: [u8; 32],
    pub(crate) partition: u32,
    pub(crate) actor: Actor,
    pub(crate) idempotency: Option<Idempotency>,
    pub(crate) replaces: Option<SerialNumber>,
    pub(crate) of_revoked: OfRevoked,
    pub(crate) key_reuse: KeyReuse,
    pub(crate) token: Option<TokenId>,
    pub(crate) approval: Option<i64>,
    pub(crate) attestation: Option<AttestationRecord>,
    pub(crate) evidence: Option<EvidenceUse>,
    /// What an upstream CA is asked with, if it can be asked for the same once more.
    pub(crate) upstream: Option<UpstreamAsked>,
    pub(crate) holder: [u8; 16],
    pub(crate) now: OffsetDateTime,
}

/// What is needed to ask an upstream CA for the same once more.
#[derive(Clone, Debug)]
pub(crate) struct UpstreamAsked {
    pub(crate) csr: Vec<u8>,
    /// By what it knows the request.
    pub(crate) key: String,
}

/// Whether a key may have more than one certificate.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum KeyReuse {
    /// With any names.
    Any,
    /// Only if no certificate of the CA has it.
    Never,
    /// With the same subject and alternative names, as when a certificate is renewed with its key; the default.
    #[default]
    SameNames,
}

/// Whether a certificate that is revoked may be renewed.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum OfRevoked {
    /// It may: whoever asks has proved the names anew, and the certificate before only says which lineage is joined.
    Accept,
    /// It may not, since it is what entitles to the next one; the default.
    #[default]
    Refuse,
}

/// What became of a reservation.
#[derive(Clone, Debug)]
pub(crate) enum Reserved {
    /// It may be signed.
    New { id: i64, lineage: [u8; 16] },
    /// The same request was answered before, with this certificate.
    Before { id: i64 },
    /// The same request is being answered, or was by a process that has ended.
    UnderWay,
}

/// What the audit log says of a certificate that was approved, in the order of its names, as in all other rows.
#[derive(Serialize)]
struct Approved<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    attestation: Option<serde_json::Value>,
    profile: &'a str,
    sans: &'a [RecordedName],
    spki_sha256: String,
    subject: &'a str,
    tbs_sha256: String,
}

pub(super) type Answer = Result<Reserved, IssueError>;

impl Reservation {
    /// An issuer that was replaced or revoked still answers for what it has issued, and so appoints OCSP responders.
    pub(super) fn may_be_issued(
        &self,
        issuer: IssuerState,
        is_revoked: bool,
    ) -> Result<(), IssueError> {
        let subject = || self.issuer_subject.to_string();
        let answers = self.role == Role::OcspResponder;
        match issuer {
            IssuerState::Active if is_revoked && !answers => {
                Err(IssueError::IssuerRevoked { subject: subject() })
            }
            IssuerState::Active => Ok(()),
            IssuerState::Retiring if answers => Ok(()),
            IssuerState::Retiring | IssuerState::Retired => {
                Err(IssueError::Retired { subject: subject() })
            }
        }
    }

    /// With a certificate of this subject and these alternative names, as they are stored.
    pub(super) fn may_share_key(&self, subject: &str, sans: &str) -> bool {
        // Nearly always it is the same text, which takes no reading.
        let has_sans = || {
            self.sans_text == sans
                || serde_json::from_str::<Vec<RecordedName>>(sans).is_ok_and(|it| it == self.sans)
        };
        match self.key_reuse {
            KeyReuse::Any => true,
            KeyReuse::Never => false,
            KeyReuse::SameNames => self.subject == subject && has_sans(),
        }
    }

    /// Whether what entitles to it, and was decided about earlier, still does. `again`: the same request was accepted
    /// before, and has used its token up then.
    pub(super) async fn stands(
        &self,
        transaction: &mut Transaction<'_>,
        again: bool,
    ) -> Result<Result<(), IssueError>, StoreError> {
        let session = &mut *transaction.session;
        if let Some(request) = self.approval {
            let found = query::approval(session, &self.ca, request, self.now).await?;
            if found.is_none_or(|it| it.state != ApprovalState::Approved) {
                return Ok(Err(IssueError::NotApproved { request }));
            }
        }
        if let Some(token) = self.token.filter(|_| again) {
            let found = query::token(session, &self.ca, token).await?;
            if found.is_some_and(|it| it.revoked_at.is_some()) {
                return Ok(Err(TokenError::Revoked.into()));
            }
        }
        Ok(Ok(()))
    }

    /// What can be used once.
    pub(super) async fn use_up(
        &self,
        transaction: &mut Transaction<'_>,
    ) -> Result<Result<(), IssueError>, StoreError> {
        let evidence = self.evidence.as_ref().zip(self.attestation.as_ref());
        use_up(transaction, &self.ca, self.token, evidence, self.now).await
    }

    pub(super) fn audit(&self, transaction: &mut Transaction<'_>, answer: &Answer) {
        let (now, actor, ca) = (self.now, &self.actor, &self.ca);
        match answer {
            Ok(Reserved::New { .. }) => {
                let attestation = self.attestation.as_ref();
                let approved = Approved {
                    attestation: attestation.map(|it| audited(it, self.evidence.as_ref())),
                    profile: &self.profile,
                    sans: &self.sans,
                    spki_sha256: hex(&self.spki),
                    subject: &self.subject,
                    tbs_sha256: hex(&Sha256::digest(&self.tbs)),
                };
                let serial = self.serial_is_ours.then_some(&self.serial);
                transaction.audit(AuditEvent::Approved, now, actor, ca, serial, approved);
            }
            // Nothing was decided.
            Ok(Reserved::Before { .. } | Reserved::UnderWay) => {}
            Err(error) => {
                let detail = json!({
                    "profile": self.profile,
                    "subject": self.subject,
                    "spki_sha256": hex(&self.spki),
                    "reason": error.to_string(),
                });
                transaction.audit(AuditEvent::Refused, now, actor, ca, None, detail);
            }
        }
    }
}

/// The lineage of a certificate that renews none.
pub(crate) fn new_lineage(issuer_fingerprint: &[u8; 32], serial: &SerialNumber) -> [u8; 16] {
    let hash = Sha256::new()
        .chain_update(issuer_fingerprint)
        .chain_update(serial.as_bytes())
        .finalize();
    let mut lineage = [0; 16];
    lineage
        .iter_mut()
        .zip(hash)
        .for_each(|(to, from)| *to = from);
    lineage
}
