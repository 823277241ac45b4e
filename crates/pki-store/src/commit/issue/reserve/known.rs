//! What speaks against reservations.

use std::collections::HashMap;

use pki_core::Role;

use super::reservation::{Answer, OfRevoked, Reservation, Reserved, new_lineage};
use crate::commit::transaction::Transaction;
use crate::database::{Many, Row, Value, values};
use crate::record::IssuerState;
use crate::record::certificate::stored;
use crate::{IssueError, StoreError};

/// What the store knows about each reservation.
pub(super) struct Known {
    /// Where each of the keys is in the lists after this one.
    keys: HashMap<[u8; 32], usize>,
    blocked: Vec<Vec<Row>>,
    same_key: Vec<Vec<Row>>,
    requests: Vec<Option<Row>>,
    replaced: Vec<Option<Row>>,
    serials: Vec<Vec<Row>>,
    issuers: Vec<KnownIssuer>,
}

struct KnownIssuer {
    id: i64,
    state: IssuerState,
    is_revoked: bool,
}

/// What the store says to a reservation.
pub(super) enum Decision {
    /// It was made before, or something speaks against it.
    Answered(Answer),
    /// Nothing speaks against it.
    Free {
        /// Whether the same request was accepted before, and came to nothing.
        again: bool,
    },
}

impl Known {
    pub(super) async fn read(
        transaction: &mut Transaction<'_>,
        all: &[&Reservation],
    ) -> Result<Self, StoreError> {
        let mut keys = HashMap::new();
        let mut spkis = Vec::new();
        for reservation in all {
            keys.entry(reservation.spki).or_insert_with(|| {
                spkis.push(values![reservation.spki]);
                spkis.len() - 1
            });
        }
        let serials = |it: &&Reservation| values![it.issuer, it.serial.as_bytes()];
        let requests = sparse(all, |it| {
            let request = it.idempotency.as_ref()?;
            Some(values![it.ca.as_str(), request.key.as_str()])
        });
        let replaced = sparse(all, |it| {
            Some(values![it.ca.as_str(), it.replaces.as_ref()?.as_bytes()])
        });
        let work = vec![
            (Many::Select(BLOCKED), spkis.clone()),
            (Many::Select(SAME_KEY), spkis),
            (Many::Select(SERIALS), all.iter().map(serials).collect()),
            (Many::Select(ISSUERS), vec![vec![]]),
            (Many::Select(REQUESTS), requests.1),
            (Many::Select(REPLACED), replaced.1),
        ];
        let mut found = transaction.session.all(work).await?.into_iter();
        let mut next = || found.next().unwrap_or_default();
        let (blocked, same_key, serials) = (next(), next(), next());
        let issuers = next().into_iter().flatten();
        let issuer = |row: Row| {
            Ok(KnownIssuer {
                id: row.int(0)?,
                state: IssuerState::from_text(row.text(1)?)?,
                is_revoked: row.int(2)? == 1,
            })
        };
        let issuers = issuers.map(issuer).collect::<Result<_, StoreError>>()?;
        let requests = spread(all.len(), requests.0, next());
        let replaced = spread(all.len(), replaced.0, next());
        Ok(Self {
            keys,
            blocked,
            same_key,
            requests,
            replaced,
            serials,
            issuers,
        })
    }

    /// The answer, unless the store knows nothing that gives one.
    pub(super) fn decide(
        &self,
        position: usize,
        reservation: &Reservation,
    ) -> Result<Decision, StoreError> {
        let mut again = false;
        // A transaction whose end was not heard of, and which did take place.
        if let Some(row) = rows(&self.serials, position).first() {
            if row.blob(1)? == reservation.holder {
                return Ok(Decision::Answered(Ok(Reserved::New {
                    id: row.int(0)?,
                    lineage: row.array(2)?,
                })));
            }
            return Ok(Decision::Answered(Err(IssueError::SerialTaken {
                serial: reservation.serial.clone(),
            })));
        }
        let request = self.requests.get(position).and_then(Option::as_ref);
        if let (Some(row), Some(asked)) = (request, &reservation.idempotency) {
            if row.blob(0)? != asked.payload_sha256 {
                return Ok(Decision::Answered(Err(IssueError::OtherPayload)));
            }
            let id = row.int(1)?;
            match row.int(2)? {
                stored::ISSUED => return Ok(Decision::Answered(Ok(Reserved::Before { id }))),
                stored::RESERVED => return Ok(Decision::Answered(Ok(Reserved::UnderWay))),
                // It came to nothing: this is a request like the first one.
                _ => again = true,
            }
        }
        let issuer = self.issuers.iter().find(|it| it.id == reservation.issuer);
        let (state, is_revoked) = issuer.map_or((IssuerState::Retired, false), |it| {
            (it.state, it.is_revoked)
        });
        if let Err(error) = reservation.may_be_issued(state, is_revoked) {
            return Ok(Decision::Answered(Err(error)));
        }
        let key = self.keys.get(&reservation.spki).copied();
        let key = key.unwrap_or(usize::MAX);
        for row in rows(&self.blocked, key) {
            let error = match row.int(0)? {
                1 => IssueError::KeyBlocked {
                    spki_sha256: reservation.spki,
                },
                // A cross-certificate: of one of the CA's own keys, as a CA.
                _ if reservation.role == Role::IssuingCa && row.text(1)? == reservation.ca => {
                    continue;
                }
                _ => IssueError::KeyOfCa,
            };
            return Ok(Decision::Answered(Err(error)));
        }
        for row in rows(&self.same_key, key) {
            let is_of_ca = row.text(3)? == reservation.ca;
            if is_of_ca && !reservation.may_share_key(row.text(1)?, row.text(2)?) {
                return Ok(Decision::Answered(Err(IssueError::KeyInUse {
                    serial: row.serial(0)?,
                })));
            }
        }
        if let Some(serial) = &reservation.replaces {
            let serial = || serial.clone();
            let replaced = self.replaced.get(position).and_then(Option::as_ref);
            let Some(replaced) = replaced else {
                let error = IssueError::NothingToReplace { serial: serial() };
                return Ok(Decision::Answered(Err(error)));
            };
            let is_revoked = replaced.int(1)? == 1;
            if is_revoked && reservation.of_revoked == OfRevoked::Refuse {
                let error = IssueError::ReplacesRevoked { serial: serial() };
                return Ok(Decision::Answered(Err(error)));
            }
        }
        Ok(Decision::Free { again })
    }

    pub(super) fn lineage(
        &self,
        position: usize,
        reservation: &Reservation,
    ) -> Result<[u8; 16], StoreError> {
        match self.replaced.get(position).and_then(Option::as_ref) {
            Some(row) => row.array(0),
            None => Ok(new_lineage(
                &reservation.issuer_fingerprint,
                &reservation.serial,
            )),
        }
    }
}

type Sparse = (Vec<usize>, Vec<Vec<Value>>);

/// The parameters for those that have any, and where they belong.
fn sparse(all: &[&Reservation], parameters: impl Fn(&Reservation) -> Option<Vec<Value>>) -> Sparse {
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

/// Why a key is not certified: 1 where it is blocked, 2 where it is the key of a CA.
const BLOCKED: &str = "SELECT 1, '' FROM blocked_keys WHERE spki = $1 \
                       UNION ALL SELECT 2, ca FROM issuers WHERE spki = $1";

const SAME_KEY: &str = "SELECT c.serial, c.subject, c.sans, i.ca FROM certificates c \
                        JOIN issuers i ON i.id = c.issuer WHERE c.spki = $1 AND c.state <> 3 LIMIT 16";

const SERIALS: &str =
    "SELECT id, holder, lineage FROM certificates WHERE issuer = $1 AND serial = $2";

const ISSUERS: &str = "SELECT i.id, i.state, CASE WHEN EXISTS (SELECT 1 FROM certificates c \
                       JOIN revocations r ON r.certificate = c.id WHERE c.fingerprint = i.fingerprint) \
                       THEN 1 ELSE 0 END FROM issuers i";

const REQUESTS: &str = "SELECT r.payload, r.certificate, c.state FROM requests r \
                        JOIN certificates c ON c.id = r.certificate WHERE r.ca = $1 AND r.key = $2";

// Of several with one number, as issuers of another CA's making may have, one that is revoked speaks for all.
const REPLACED: &str = "SELECT c.lineage, CASE WHEN r.certificate IS NULL THEN 0 ELSE 1 END AS revoked \
                        FROM certificates c JOIN issuers i ON i.id = c.issuer \
                        LEFT JOIN revocations r ON r.certificate = c.id \
                        WHERE i.ca = $1 AND c.serial = $2 AND c.state <> 3 ORDER BY revoked DESC LIMIT 1";
