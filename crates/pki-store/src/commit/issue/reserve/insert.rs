//! Reservations as rows.

use super::reservation::Reservation;
use crate::StoreError;
use crate::commit::added::added_id;
use crate::commit::transaction::Transaction;
use crate::database::{Many, values};
use crate::record::certificate::stored;

/// Writes those at these positions, and returns their numbers.
pub(super) async fn insert(
    transaction: &mut Transaction<'_>,
    reservations: &[&Reservation],
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
        sets.push(values![
            it.issuer,
            it.serial.as_bytes(),
            stored::RESERVED,
            it.profile.as_str(),
            it.subject.as_str(),
            it.sans_text.as_str(),
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
    let insert = Many::Numbered {
        into: "certificates (issuer, serial, state, profile, subject, sans, not_before, not_after, spki, lineage, part, \
               holder, reserved_at, content)",
        known_by: ("serial", 1),
    };
    let mut ids = Vec::with_capacity(sets.len());
    let added = session.query_each(insert, sets).await?;
    for ((it, _), rows) in accepted().zip(added) {
        ids.push(added_id(&rows, &it.serial)?);
    }
    let mut names = Vec::new();
    let mut requests = Vec::new();
    let mut attestations = Vec::new();
    let mut asked = Vec::new();
    for ((it, _), id) in accepted().zip(&ids) {
        if let Some(record) = &it.attestation {
            attestations.push(values![
                *id,
                record.kind.as_str(),
                record.binding.as_str(),
                record.keeper.as_str(),
                record.device.as_str(),
                record.claims.to_string()
            ]);
        }
        if let Some(upstream) = &it.upstream {
            asked.push(values![
                *id,
                it.actor.as_str(),
                upstream.csr.as_slice(),
                upstream.key.as_str()
            ]);
        }
        names.extend(it.name_keys.iter().map(|key| values![key.as_slice(), *id]));
        if let Some(request) = &it.idempotency {
            let key = request.key.as_str();
            requests.push(values![it.ca.as_str(), key, request.payload_sha256, *id]);
        }
    }
    let into_names = Many::Insert {
        into: "names (name, certificate)",
        rest: "",
    };
    let into_requests = Many::Insert {
        into: "requests (ca, key, payload, certificate)",
        rest: "ON CONFLICT (ca, key) DO UPDATE SET certificate = excluded.certificate",
    };
    let into_attestations = Many::Insert {
        into: "attestations (certificate, kind, binding, keeper, device, claims)",
        rest: "",
    };
    let into_asked = Many::Insert {
        into: "upstream_requests (certificate, requester, csr, key)",
        rest: "",
    };
    let work = vec![
        (into_names, names),
        (into_requests, requests),
        (into_attestations, attestations),
        (into_asked, asked),
    ];
    session.all(work).await?;
    Ok(ids)
}
