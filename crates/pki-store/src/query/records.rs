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
    // In this order, or SQLite reads all certificates for each row: there are few issuers.
    let sql = "SELECT c.fingerprint, c.content, r.reason, c.subject, c.sans, c.profile, c.spki \
               FROM issuers i CROSS JOIN certificates c LEFT JOIN revocations r ON r.certificate = c.id \
               WHERE c.issuer = i.id AND i.ca = $1 AND c.serial = $2";
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
        if !as_it_says && let Some(serial) = &row.serial {
            return Ok(Some(AuditBreak::Record {
                seq: row.seq,
                serial: serial.clone(),
            }));
        }
    }
    Ok(None)
}

fn agrees(row: &AuditRow, certificate: &Row) -> Result<bool, StoreError> {
    let is = |event: AuditEvent| row.event == event.as_str();
    let is_revoked = !certificate.is_null(2);
    if is(AuditEvent::Revoked) {
        return Ok(is_revoked);
    }
    let detail: serde_json::Value = serde_json::from_str(&row.detail).unwrap_or_default();
    // Not every row says all of it.
    let logged = |name: &str| detail.get(name).filter(|it| !it.is_null());
    let says = |name: &str, text: Option<&str>| {
        logged(name).is_none_or(|it| text.is_some() && it.as_str() == text)
    };
    let hash = |column| {
        let bytes = certificate.optional(column, |row, column| row.blob(column));
        bytes.map(|bytes| bytes.map(hex))
    };
    let sans: serde_json::Value = serde_json::from_str(certificate.text(4)?).unwrap_or_default();
    let mut agrees =
        says("subject", Some(certificate.text(3)?)) && logged("sans").is_none_or(|it| *it == sans);
    if is(AuditEvent::Approved) {
        agrees &=
            says("profile", Some(certificate.text(5)?)) && says("spki_sha256", hash(6)?.as_deref());
    }
    if is(AuditEvent::Imported) {
        agrees &= is_revoked || logged("revoked").is_none();
    }
    if is(AuditEvent::Issued) || is(AuditEvent::Imported) {
        let content = certificate.optional(1, |row, column| row.blob(column))?;
        let content = content.map(|content| hex(&Sha256::digest(content)));
        agrees &= says("fingerprint_sha256", hash(0)?.as_deref())
            && says("fingerprint_sha256", content.as_deref());
    }
    Ok(agrees)
}
