//! What devices have proved, and the keys that they prove it with.

use crate::StoreError;
use crate::database::{Many, Row, Session, values};
use crate::record::{AttestationRecord, AttestedKey};

/// The key of a CA with this identifier.
pub(crate) async fn attested_key(
    session: &mut Session,
    ca: &str,
    key_id: [u8; 32],
) -> Result<Option<AttestedKey>, StoreError> {
    let sql = "SELECT key_id, public_key, counter, device, claims, receipt, registered_at FROM attested_keys \
               WHERE ca = $1 AND key_id = $2";
    let row = session.first(sql, values![ca, key_id]).await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(AttestedKey {
        key_id: row.array(0)?,
        public_key: row.blob(1)?.to_vec(),
        counter: u32::try_from(row.int(2)?).map_err(|_| damaged())?,
        device: row.text(3)?.to_owned(),
        claims: serde_json::from_str(row.text(4)?).map_err(|_| damaged())?,
        receipt: row
            .optional(5, |row, column| row.blob(column).map(<[u8]>::to_vec))?
            .unwrap_or_default(),
        registered_at: row.time(6)?,
    }))
}

/// What is known of each of these certificates; nothing of one that was issued without evidence.
pub(crate) async fn attestations(
    session: &mut Session,
    certificates: &[i64],
) -> Result<Vec<(i64, AttestationRecord)>, StoreError> {
    let sql = "SELECT certificate, kind, binding, keeper, device, claims FROM attestations WHERE certificate = $1";
    let sets = certificates.iter().map(|id| values![*id]).collect();
    let found = session.query_each(Many::Select(sql), sets).await?;
    found.iter().flatten().map(record).collect()
}

fn record(row: &Row) -> Result<(i64, AttestationRecord), StoreError> {
    let record = AttestationRecord {
        kind: row.text(1)?.to_owned(),
        binding: row.text(2)?.to_owned(),
        keeper: row.text(3)?.to_owned(),
        device: row.text(4)?.to_owned(),
        claims: serde_json::from_str(row.text(5)?).map_err(|_| damaged())?,
    };
    Ok((row.int(0)?, record))
}

fn damaged() -> StoreError {
    StoreError::Corrupt {
        what: "what a device has proved cannot be read".into(),
    }
}
