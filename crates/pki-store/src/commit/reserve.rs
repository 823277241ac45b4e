//! Before signing: serial number and content are recorded, if nothing speaks against it.

use std::collections::HashMap;

use serde_json::json;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use x509_identity::SerialNumber;

use super::idempotency::Idempotency;
use super::transaction::Transaction;
use crate::StoreError;
use crate::audit::{AuditEvent, hex};
use crate::ca::IssueError;
use crate::database::{Row, values};
use crate::record::Actor;
use crate::record::certificate::{RecordedName, stored};

/// A certificate that is about to be signed.
#[derive(Clone)]
pub(crate) struct Reservation {
    pub(crate) issuer: i64,
    pub(crate) issuer_fingerprint: [u8; 32],
    pub(crate) ca: String,
    pub(crate) serial: SerialNumber,
    pub(crate) tbs: Vec<u8>,
    pub(crate) profile: String,
    pub(crate) subject: String,
    pub(crate) sans: Vec<RecordedName>,
    pub(crate) name_keys: Vec<Vec<u8>>,
    pub(crate) not_before: OffsetDateTime,
    pub(crate) not_after: OffsetDateTime,
    pub(crate) spki: [u8; 32],
    pub(crate) partition: u32,
    pub(crate) actor: Actor,
    pub(crate) idempotency: Option<Idempotency>,
    pub(crate) replaces: Option<SerialNumber>,
    pub(crate) key_reuse: KeyReuse,
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
    reservations: &[Reservation],
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
                .filter(|first| !reservation.may_share_key(&first.subject, &first.sans))
                .map(|first| {
                    Err(IssueError::KeyInUse {
                        serial: first.serial.clone(),
                    })
                }),
        };
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

/// What the store knows about each reservation.
struct Known {
    blocked: Vec<Vec<Row>>,
    same_key: Vec<Vec<Row>>,
    requests: Vec<Option<Row>>,
    replaced: Vec<Option<Row>>,
    serials: Vec<Vec<Row>>,
}

impl Known {
    async fn read(
        transaction: &mut Transaction<'_>,
        all: &[Reservation],
    ) -> Result<Self, StoreError> {
        let session = &mut *transaction.session;
        let keys = || all.iter().map(|it| values![it.spki]).collect();
        let blocked = "SELECT 1 FROM blocked_keys WHERE spki = $1 \
                       UNION ALL SELECT 2 FROM issuers WHERE spki = $1";
        let blocked = session.query_each(blocked, keys()).await?;
        let same_key = "SELECT c.serial, c.subject, c.sans, i.ca FROM certificates c \
                        JOIN issuers i ON i.id = c.issuer WHERE c.spki = $1 AND c.state <> 3 LIMIT 16";
        let same_key = session.query_each(same_key, keys()).await?;
        let serials =
            "SELECT id, holder, lineage FROM certificates WHERE issuer = $1 AND serial = $2";
        let sets = |it: &Reservation| values![it.issuer, it.serial.as_bytes()];
        let serials = session
            .query_each(serials, all.iter().map(sets).collect())
            .await?;
        let requests = sparse(all, |it| {
            let request = it.idempotency.as_ref()?;
            Some(values![it.ca.as_str(), request.key.as_str()])
        });
        let sql = "SELECT r.payload, r.certificate, c.state, c.holder FROM requests r \
                   JOIN certificates c ON c.id = r.certificate WHERE r.ca = $1 AND r.key = $2";
        let requests = spread(
            all.len(),
            requests.0,
            session.query_each(sql, requests.1).await?,
        );
        let replaced = sparse(all, |it| {
            Some(values![it.ca.as_str(), it.replaces.as_ref()?.as_bytes()])
        });
        let sql = "SELECT c.lineage FROM certificates c JOIN issuers i ON i.id = c.issuer \
                   WHERE i.ca = $1 AND c.serial = $2 AND c.state <> 3 LIMIT 2";
        let replaced = spread(
            all.len(),
            replaced.0,
            session.query_each(sql, replaced.1).await?,
        );
        Ok(Self {
            blocked,
            same_key,
            requests,
            replaced,
            serials,
        })
    }

    /// `None` if nothing speaks against it.
    fn decide(
        &self,
        position: usize,
        reservation: &Reservation,
    ) -> Result<Option<Answer>, StoreError> {
        // A transaction whose end was not heard of, and which did take place.
        for row in rows(&self.serials, position) {
            if row.blob(1)? == reservation.holder {
                return Ok(Some(Ok(Reserved::New {
                    id: row.int(0)?,
                    lineage: row.array(2)?,
                })));
            }
            return Ok(Some(Err(IssueError::SerialTaken {
                serial: reservation.serial.clone(),
            })));
        }
        let request = self.requests.get(position).and_then(Option::as_ref);
        if let (Some(row), Some(asked)) = (request, &reservation.idempotency) {
            if row.blob(0)? != asked.payload_sha256 {
                return Ok(Some(Err(IssueError::OtherPayload)));
            }
            let id = row.int(1)?;
            match row.int(2)? {
                stored::ISSUED => return Ok(Some(Ok(Reserved::Before { id }))),
                stored::RESERVED => return Ok(Some(Ok(Reserved::UnderWay))),
                // It came to nothing: this is a request like the first one.
                _ => {}
            }
        }
        for row in rows(&self.blocked, position) {
            return Ok(Some(Err(match row.int(0)? {
                1 => IssueError::KeyBlocked {
                    spki_sha256: reservation.spki,
                },
                _ => IssueError::KeyOfCa,
            })));
        }
        for row in rows(&self.same_key, position) {
            let sans: Vec<RecordedName> = serde_json::from_str(row.text(2)?).unwrap_or_default();
            if row.text(3)? == reservation.ca && !reservation.may_share_key(row.text(1)?, &sans) {
                return Ok(Some(Err(IssueError::KeyInUse {
                    serial: serial(row, 0)?,
                })));
            }
        }
        let replaced = self.replaced.get(position).and_then(Option::as_ref);
        if let (None, Some(serial)) = (replaced, &reservation.replaces) {
            return Ok(Some(Err(IssueError::NothingToReplace {
                serial: serial.clone(),
            })));
        }
        Ok(None)
    }

    fn lineage(&self, position: usize, reservation: &Reservation) -> Result<[u8; 16], StoreError> {
        match self.replaced.get(position).and_then(Option::as_ref) {
            Some(row) => row.array(0),
            None => Ok(new_lineage(
                &reservation.issuer_fingerprint,
                &reservation.serial,
            )),
        }
    }
}

impl Reservation {
    fn may_share_key(&self, subject: &str, sans: &[RecordedName]) -> bool {
        match self.key_reuse {
            KeyReuse::Any => true,
            KeyReuse::Never => false,
            KeyReuse::SameNames => self.subject == subject && self.sans == sans,
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

async fn insert(
    transaction: &mut Transaction<'_>,
    reservations: &[Reservation],
    accepted: &[(usize, [u8; 16])],
) -> Result<Vec<i64>, StoreError> {
    let session = &mut *transaction.session;
    let accepted = || {
        accepted
            .iter()
            .filter_map(|(position, lineage)| Some((reservations.get(*position)?, lineage)))
    };
    let mut sets = Vec::new();
    for (it, lineage) in accepted() {
        let sans = serde_json::to_string(&it.sans).map_err(|error| StoreError::Corrupt {
            what: error.to_string(),
        })?;
        sets.push(values![
            it.issuer,
            it.serial.as_bytes(),
            stored::RESERVED,
            it.profile.as_str(),
            it.subject.as_str(),
            sans,
            it.not_before,
            it.not_after,
            it.spki,
            *lineage,
            it.partition,
            it.holder,
            it.now,
            it.tbs.as_slice()
        ]);
    }
    let sql = "INSERT INTO certificates (issuer, serial, state, profile, subject, sans, not_before, not_after, spki, \
               lineage, part, holder, reserved_at, content) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING id";
    let mut ids = Vec::with_capacity(sets.len());
    for rows in session.query_each(sql, sets).await? {
        ids.push(rows.first().ok_or(StoreError::Closed)?.int(0)?);
    }
    let mut names = Vec::new();
    let mut requests = Vec::new();
    for ((it, _), id) in accepted().zip(&ids) {
        names.extend(it.name_keys.iter().map(|key| values![key.as_slice(), *id]));
        if let Some(request) = &it.idempotency {
            let key = request.key.as_str();
            requests.push(values![it.ca.as_str(), key, request.payload_sha256, *id]);
        }
    }
    let sql = "INSERT INTO names (name, certificate) VALUES ($1, $2)";
    session.query_each(sql, names).await?;
    let sql = "INSERT INTO requests (ca, key, payload, certificate) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (ca, key) DO UPDATE SET certificate = excluded.certificate";
    session.query_each(sql, requests).await?;
    Ok(ids)
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

pub(crate) fn serial(row: &Row, column: usize) -> Result<SerialNumber, StoreError> {
    SerialNumber::from_be_bytes(row.blob(column)?).map_err(|_| StoreError::Corrupt {
        what: "a serial number cannot be read".into(),
    })
}

type Sparse = (Vec<usize>, Vec<Vec<crate::database::Value>>);

/// The parameters for those that have any, and where they belong.
fn sparse(
    all: &[Reservation],
    parameters: impl Fn(&Reservation) -> Option<Vec<crate::database::Value>>,
) -> Sparse {
    let with = all.iter().enumerate();
    with.filter_map(|(position, it)| Some((position, parameters(it)?)))
        .unzip()
}

/// The first row of each, where it belongs.
fn spread(len: usize, positions: Vec<usize>, found: Vec<Vec<Row>>) -> Vec<Option<Row>> {
    let mut all: Vec<Option<Row>> = vec![None; len];
    for (position, rows) in positions.into_iter().zip(found) {
        if let Some(place) = all.get_mut(position) {
            *place = rows.into_iter().next();
        }
    }
    all
}

fn rows(all: &[Vec<Row>], position: usize) -> &[Row] {
    all.get(position).map_or(&[], Vec::as_slice)
}
