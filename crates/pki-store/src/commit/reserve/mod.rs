//! Before signing: serial number and content are recorded, if nothing speaks against it.

mod insert;
mod known;

use std::collections::HashMap;

use pki_core::Role;
use serde_json::json;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use x509_identity::SerialNumber;

use self::insert::insert;
use self::known::Known;
use super::idempotency::Idempotency;
use super::token;
use super::transaction::Transaction;
use crate::IssueError;
use crate::StoreError;
use crate::audit::AuditEvent;
use crate::record::certificate::RecordedName;
use crate::record::hex;
use crate::record::{Actor, IssuerState, TokenId};

/// A certificate that is about to be signed.
#[derive(Clone)]
pub(crate) struct Reservation {
    pub(crate) issuer: i64,
    pub(crate) issuer_subject: String,
    pub(crate) issuer_fingerprint: [u8; 32],
    pub(crate) ca: String,
    pub(crate) serial: SerialNumber,
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
    pub(crate) key_reuse: KeyReuse,
    pub(crate) token: Option<TokenId>,
    pub(crate) holder: [u8; 16],
    pub(crate) now: OffsetDateTime,
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

type Answer = Result<Reserved, IssueError>;

/// What speaks against them, and where they belong, is read for all; then all that may be is written.
pub(crate) async fn reserve_all(
    transaction: &mut Transaction<'_>,
    reservations: &[&Reservation],
) -> Result<Vec<Answer>, StoreError> {
    let known = Known::read(transaction, reservations).await?;
    let mut answers: Vec<Option<Answer>> = Vec::with_capacity(reservations.len());
    let mut accepted: Vec<(usize, [u8; 16])> = Vec::new();
    let mut requests: HashMap<(&str, &str), usize> = HashMap::new();
    let mut keys: HashMap<&[u8; 32], usize> = HashMap::new();
    for (position, reservation) in reservations.iter().enumerate() {
        let answer = known.decide(position, reservation)?;
        let twice = reservation.idempotency.as_ref().and_then(|request| {
            requests
                .get(&(reservation.ca.as_str(), request.key.as_str()))
                .copied()
        });
        let answer = match (answer, twice) {
            // The same request twice in a batch: the second one asks again.
            (Some(answer), _) => Some(answer),
            (None, Some(first)) => {
                let first = reservations
                    .get(first)
                    .and_then(|it| it.idempotency.as_ref());
                let same = first.map(|it| it.payload_sha256)
                    == reservation.idempotency.as_ref().map(|it| it.payload_sha256);
                Some(if same {
                    Ok(Reserved::UnderWay)
                } else {
                    Err(IssueError::OtherPayload)
                })
            }
            (None, None) => keys
                .get(&reservation.spki)
                .and_then(|first| reservations.get(*first))
                .filter(|first| !reservation.may_share_key(&first.subject, &first.sans_text))
                .map(|first| {
                    Err(IssueError::KeyInUse {
                        serial: first.serial.clone(),
                    })
                }),
        };
        let mut answer = answer;
        if let (None, Some(token)) = (&answer, reservation.token)
            && !known.was_reserved(position, reservation)?
        {
            let used = token::use_once(transaction, token, &reservation.ca, reservation.now);
            answer = used.await?.err().map(|error| Err(error.into()));
        }
        if answer.is_none() {
            let lineage = known.lineage(position, reservation)?;
            accepted.push((position, lineage));
            keys.insert(&reservation.spki, position);
            if let Some(request) = &reservation.idempotency {
                requests.insert((&reservation.ca, &request.key), position);
            }
        }
        answers.push(answer);
    }
    let ids = insert(transaction, reservations, &accepted).await?;
    for ((position, lineage), id) in accepted.iter().zip(ids) {
        if let Some(answer) = answers.get_mut(*position) {
            *answer = Some(Ok(Reserved::New {
                id,
                lineage: *lineage,
            }));
        }
    }
    let mut decided = Vec::with_capacity(answers.len());
    for (reservation, answer) in reservations.iter().zip(answers) {
        let answer = answer.ok_or(StoreError::Closed)?;
        reservation.audit(transaction, &answer);
        decided.push(answer);
    }
    Ok(decided)
}

impl Reservation {
    /// An issuer that was replaced still answers for what it has issued, and so appoints OCSP responders.
    fn may_be_issued(&self, issuer: IssuerState) -> bool {
        match issuer {
            IssuerState::Active => true,
            IssuerState::Retiring => self.role == Role::OcspResponder,
            IssuerState::Retired => false,
        }
    }

    /// With a certificate of this subject and these alternative names, as they are stored.
    fn may_share_key(&self, subject: &str, sans: &str) -> bool {
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

    fn audit(&self, transaction: &mut Transaction<'_>, answer: &Answer) {
        let (event, serial, detail) = match answer {
            Ok(Reserved::New { .. }) => {
                let detail = json!({
                    "profile": self.profile,
                    "subject": self.subject,
                    "sans": self.sans,
                    "spki_sha256": hex(&self.spki),
                    "tbs_sha256": hex(&Sha256::digest(&self.tbs)),
                });
                (AuditEvent::Approved, Some(&self.serial), detail)
            }
            // Nothing was decided.
            Ok(Reserved::Before { .. } | Reserved::UnderWay) => return,
            Err(error) => {
                let detail = json!({
                    "profile": self.profile,
                    "subject": self.subject,
                    "spki_sha256": hex(&self.spki),
                    "reason": error.to_string(),
                });
                (AuditEvent::Refused, None, detail)
            }
        };
        transaction.audit(event, self.now, &self.actor, &self.ca, serial, detail);
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
