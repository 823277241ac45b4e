//! After signing: what came of a reservation.

use serde::Serialize;
use time::OffsetDateTime;
use x509_identity::SerialNumber;

use crate::StoreError;
use crate::audit::AuditEvent;
use crate::commit::transaction::Transaction;
use crate::database::{Many, values};
use crate::record::Actor;
use crate::record::certificate::stored;
use crate::record::hex;

/// What the signer made of a reservation.
#[derive(Clone)]
pub(crate) struct Outcome {
    pub(crate) id: i64,
    pub(crate) ca: String,
    pub(crate) serial: SerialNumber,
    pub(crate) signed: Signed,
    /// The idempotency key of the request.
    pub(crate) request: Option<String>,
    pub(crate) actor: Actor,
    pub(crate) now: OffsetDateTime,
}

#[derive(Clone)]
pub(crate) enum Signed {
    Certificate { der: Vec<u8>, fingerprint: [u8; 32] },
    Refused { reason: String },
}

/// What the audit log says of one.
#[derive(Serialize)]
#[serde(untagged)]
enum Detail<'a> {
    Issued { fingerprint_sha256: String },
    Failed { reason: &'a str },
}

/// `true` for each whose certificate may be given out.
///
/// A reservation that counts as unconfirmed meanwhile is still its process's, unless the request was tried again: then
/// the certificate is recorded, and somebody else's is given out.
pub(crate) async fn record_all(
    transaction: &mut Transaction<'_>,
    outcomes: &[&Outcome],
) -> Result<Vec<bool>, StoreError> {
    let certificates = "UPDATE certificates SET state = $2, content = $3, fingerprint = $4 \
                        WHERE id = $1 AND (state IN (0, 2) OR fingerprint = $4)";
    let failures = "UPDATE certificates SET state = $2 WHERE id = $1 AND state IN (0, 2)";
    let mut signed = Vec::new();
    let mut failed = Vec::new();
    for outcome in outcomes {
        match &outcome.signed {
            Signed::Certificate { der, fingerprint } => {
                signed.push(values![
                    outcome.id,
                    stored::ISSUED,
                    der.as_slice(),
                    *fingerprint
                ]);
            }
            Signed::Refused { .. } => failed.push(values![outcome.id, stored::FAILED]),
        }
    }
    let of_requests = |it: &&Outcome| Some(values![it.ca.as_str(), it.request.as_deref()?]);
    let requests = "SELECT certificate FROM requests WHERE ca = $1 AND key = $2";
    let work = vec![
        (Many::Update(certificates), signed),
        (Many::Update(failures), failed),
        (
            Many::Select(requests),
            outcomes.iter().filter_map(of_requests).collect(),
        ),
    ];
    let mut done = transaction.session.all(work).await?.into_iter();
    let mut next = || done.next().unwrap_or_default().into_iter();
    let (mut signed, mut failed, mut requests) = (next(), next(), next());
    let mut answers = Vec::with_capacity(outcomes.len());
    for outcome in outcomes {
        let request = outcome.request.as_ref().and_then(|_| requests.next());
        let is_current = match request.as_deref() {
            Some([row, ..]) => row.int(0)? == outcome.id,
            _ => true,
        };
        let (rows, event, detail) = match &outcome.signed {
            Signed::Certificate { fingerprint, .. } => (
                signed.next(),
                AuditEvent::Issued,
                Detail::Issued {
                    fingerprint_sha256: hex(fingerprint),
                },
            ),
            Signed::Refused { reason } => {
                (failed.next(), AuditEvent::Failed, Detail::Failed { reason })
            }
        };
        let found = rows.is_some_and(|rows| !rows.is_empty());
        if found {
            let serial = Some(&outcome.serial);
            transaction.audit(
                event,
                outcome.now,
                &outcome.actor,
                &outcome.ca,
                serial,
                detail,
            );
        }
        answers.push(found && is_current);
    }
    Ok(answers)
}
