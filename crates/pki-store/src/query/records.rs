//! Whether the tables say what the audit log says.

use sha2::{Digest, Sha256};

use crate::StoreError;
use crate::audit::{AuditBreak, AuditEvent, AuditRow};
use crate::database::{Many, Row, Session, values};
use crate::record::hex;

/// The first of these rows whose certificate is not as the row says.
pub(crate) async fn contradiction(
    session: &mut Session,
    rows: &[AuditRow],
) -> Result<Option<AuditBreak>, StoreError> {
    let about = |row: &&AuditRow| {
        row.serial.is_some()
            && [
                AuditEvent::Approved,
                AuditEvent::Issued,
                AuditEvent::Imported,
                AuditEvent::Revoked,
            ]
            .iter()
            .any(|event| event.as_str() == row.event)
    };
    let rows: Vec<_> = rows.iter().filter(about).collect();
    let sql = "SELECT c.fingerprint, c.content, r.reason FROM certificates c JOIN issuers i ON i.id = c.issuer \
               LEFT JOIN revocations r ON r.certificate = c.id WHERE i.ca = $1 AND c.serial = $2";
    let set = |row: &&AuditRow| {
        let serial = row.serial.as_ref().map(|serial| serial.as_bytes().to_vec());
        values![row.ca.as_str(), serial]
    };
    let found = session
        .query_each(Many::Select(sql), rows.iter().map(set).collect())
        .await?;
    for (row, certificates) in rows.into_iter().zip(found) {
        let mut as_it_says = false;
        // Imported numbers may be those of several issuers.
        for certificate in &certificates {
            as_it_says |= agrees(row, certificate)?;
        }
        if !as_it_says {
            return Ok(Some(AuditBreak::Record { seq: row.seq }));
        }
    }
    Ok(None)
}

fn agrees(row: &AuditRow, certificate: &Row) -> Result<bool, StoreError> {
    let fingerprint = certificate
        .optional(0, |row, column| row.blob(column))?
        .map(hex);
    let is_issued = [AuditEvent::Issued, AuditEvent::Imported]
        .iter()
        .any(|event| event.as_str() == row.event);
    if is_issued {
        let detail: serde_json::Value = serde_json::from_str(&row.detail).unwrap_or_default();
        let logged = detail
            .get("fingerprint_sha256")
            .and_then(serde_json::Value::as_str);
        let content = certificate.optional(1, |row, column| row.blob(column))?;
        let hash = content.map(|content| hex(&Sha256::digest(content)));
        return Ok(
            logged.is_none() || (fingerprint.as_deref() == logged && hash.as_deref() == logged)
        );
    }
    Ok(row.event != AuditEvent::Revoked.as_str() || !certificate.is_null(2))
}
