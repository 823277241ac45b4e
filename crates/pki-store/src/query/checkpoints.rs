//! What a checkpoint says, and whether the store is as new as one.

use time::OffsetDateTime;

use crate::StoreError;
use crate::audit::{AcknowledgedRestore, Checkpoint, Payload, UsedCrlNumber};
use crate::database::{Row, Session, values};
use crate::record::hex;

/// What the next checkpoint says.
pub(crate) async fn checkpoint(
    session: &mut Session,
    now: OffsetDateTime,
) -> Result<Payload, StoreError> {
    session.begin_read().await?;
    let payload = read(session, now).await;
    session.batch("COMMIT").await?;
    payload
}

async fn read(session: &mut Session, now: OffsetDateTime) -> Result<Payload, StoreError> {
    let columns = "id, audit_seq, audit_hash, revision";
    let row = session.store_row(columns).await?;
    let sql = "SELECT i.fingerprint, l.part, l.number FROM crls l JOIN issuers i ON i.id = l.issuer \
               ORDER BY l.issuer, l.part";
    let used = |row: &Row| {
        Ok(UsedCrlNumber {
            issuer: hex(row.blob(0)?),
            partition: u32::try_from(row.int(1)?).unwrap_or(u32::MAX),
            number: row.count(2)?,
        })
    };
    let crls = session.query(sql, vec![]).await?;
    Ok(Payload {
        store: hex(row.blob(0)?),
        seq: row.count(1)?,
        hash: hex(row.blob(2)?),
        at: now.unix_timestamp(),
        revision: row.count(3)?,
        crls: crls.iter().map(used).collect::<Result<_, StoreError>>()?,
        instead_of: None,
    })
}

/// The last checkpoints that are kept in the store itself, the newest first. What cannot be read is passed over: whoever
/// verifies the log finds it.
pub(crate) async fn newest_checkpoints(
    session: &mut Session,
    limit: u32,
) -> Result<Vec<Checkpoint>, StoreError> {
    let sql = "SELECT document FROM checkpoints ORDER BY seq DESC LIMIT $1";
    let rows = session.query(sql, values![limit]).await?;
    let read = |row: &Row| Checkpoint::parse(row.text(0).ok()?).ok();
    Ok(rows.iter().filter_map(read).collect())
}

/// What the store does not know any more, in a word; `None` if it is as new as the checkpoint, or if somebody has
/// acknowledged that it is not.
pub(crate) async fn missing(
    session: &mut Session,
    checkpoint: &Checkpoint,
) -> Result<Option<String>, StoreError> {
    let payload = checkpoint.payload();
    let row = session.first("SELECT id FROM store", vec![]).await?;
    let id = row.map_or(Ok(String::new()), |row| row.blob(0).map(hex))?;
    if id != payload.store {
        let name = name_of(checkpoint);
        return Ok(Some(format!("{name}, which is of another store")));
    }
    let Some(what) = older_than(session, checkpoint).await? else {
        return Ok(None);
    };
    // Few stores were ever restored, and all of the log is read for that.
    let restores = acknowledged(session).await?;
    let is_acknowledged = restores.iter().any(|it| it.passes_over(checkpoint));
    Ok((!is_acknowledged).then_some(what))
}

fn name_of(checkpoint: &Checkpoint) -> String {
    let seq = checkpoint.head().seq;
    format!("the checkpoint of {} at row {seq}", checkpoint.at())
}

/// What the store does not know any more, whether that is acknowledged or not.
async fn older_than(
    session: &mut Session,
    checkpoint: &Checkpoint,
) -> Result<Option<String>, StoreError> {
    if !has_row(session, checkpoint).await? {
        return Ok(Some(name_of(checkpoint)));
    }
    let sql = "SELECT l.number FROM crls l JOIN issuers i ON i.id = l.issuer \
               WHERE i.fingerprint = $1 AND l.part = $2";
    for used in &checkpoint.payload().crls {
        let issuer = used.issuer_fingerprint();
        let row = session.first(sql, values![issuer, used.partition]).await?;
        if row.map_or(Ok(0), |row| row.count(0))? < used.number {
            return Ok(Some(format!("CRL number {}, which was used", used.number)));
        }
    }
    Ok(None)
}

/// Whether the audit log has the row that the checkpoint is of.
async fn has_row(session: &mut Session, checkpoint: &Checkpoint) -> Result<bool, StoreError> {
    let head = checkpoint.head();
    if head.seq == 0 {
        return Ok(true);
    }
    let sql = "SELECT hash FROM audit WHERE seq = $1";
    let row = session.first(sql, values![head.seq]).await?;
    row.map_or(Ok(false), |row| Ok(row.blob(0)? == head.hash))
}

/// The restores that somebody has acknowledged, the oldest first.
pub(crate) async fn acknowledged(
    session: &mut Session,
) -> Result<Vec<AcknowledgedRestore>, StoreError> {
    let sql = "SELECT seq, at, actor, detail FROM audit WHERE event = 'restored' ORDER BY seq";
    let mut found = Vec::new();
    for row in session.query(sql, vec![]).await? {
        let detail: serde_json::Value = serde_json::from_str(row.text(3)?).unwrap_or_default();
        let text = |name: &str| detail.get(name).and_then(serde_json::Value::as_str);
        let mut signed = text("signed").and_then(|text| Checkpoint::parse(text).ok());
        // What was signed for another log says nothing about this one.
        if let Some(checkpoint) = &signed
            && !has_row(session, checkpoint).await?
        {
            signed = None;
        }
        let instead_of = detail.get("instead_of_seq");
        found.push(AcknowledgedRestore {
            seq: row.count(0)?,
            at: row.time(1)?,
            actor: row.text(2)?.to_owned(),
            instead_of: instead_of.and_then(serde_json::Value::as_u64),
            signed,
        });
    }
    Ok(found)
}

/// Whether the file hangs together.
pub(crate) async fn check_integrity(session: &mut Session) -> Result<(), StoreError> {
    if !matches!(session, Session::Sqlite(_)) {
        return Ok(());
    }
    let rows = session.query("PRAGMA integrity_check(1)", vec![]).await?;
    let said = rows.first().map_or(Ok("nothing"), |row| row.text(0))?;
    if said == "ok" {
        return Ok(());
    }
    Err(StoreError::Corrupt {
        what: format!("SQLite says: {said}"),
    })
}
