//! What is known about serial numbers.

use x509_identity::SerialNumber;

use crate::StoreError;
use crate::database::{Many, Session, values};
use crate::record::certificate::stored;
use crate::record::{CertificateStatus, IssuerId, reason_from_text};

/// In the order of the numbers. What was not signed, as far as is known, is never good.
pub(crate) async fn statuses(
    session: &mut Session,
    issuer: IssuerId,
    serials: &[SerialNumber],
) -> Result<Vec<CertificateStatus>, StoreError> {
    let sql = "SELECT c.state, r.revoked_at, r.reason FROM certificates c \
               LEFT JOIN revocations r ON r.certificate = c.id WHERE c.issuer = $1 AND c.serial = $2";
    let sets = serials
        .iter()
        .map(|serial| values![issuer.0, serial.as_bytes()])
        .collect();
    let mut statuses = Vec::with_capacity(serials.len());
    for rows in session.query_each(Many::Select(sql), sets).await? {
        statuses.push(match rows.first() {
            None => CertificateStatus::Unknown,
            Some(row) if !row.is_null(1) => CertificateStatus::Revoked {
                at: row.time(1)?,
                reason: reason_from_text(row.text(2)?)?,
            },
            Some(row) if row.int(0)? == stored::ISSUED => CertificateStatus::Good,
            Some(_) => CertificateStatus::Unknown,
        });
    }
    Ok(statuses)
}
