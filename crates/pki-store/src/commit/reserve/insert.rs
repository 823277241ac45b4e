//! Reservations as rows.

use super::Reservation;
use crate::StoreError;
use crate::commit::transaction::Transaction;
use crate::database::values;
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
