//! Before signing: serial number and content are recorded, if nothing speaks against it.

mod insert;
mod known;
mod reservation;

use std::collections::HashMap;

use self::insert::insert;
use self::known::{Decision, Known};
use self::reservation::Answer;
use crate::IssueError;
use crate::StoreError;
use crate::commit::transaction::Transaction;

pub use self::reservation::{KeyReuse, OfRevoked};
pub(crate) use self::reservation::{Reservation, Reserved, UpstreamAsked, new_lineage};

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
        let (answer, again) = match known.decide(position, reservation)? {
            Decision::Answered(answer) => (Some(answer), false),
            Decision::Free { again } => (None, again),
        };
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
        if answer.is_none() {
            answer = reservation.stands(transaction, again).await?.err().map(Err);
        }
        if answer.is_none() && !again {
            answer = reservation.use_up(transaction).await?.err().map(Err);
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
