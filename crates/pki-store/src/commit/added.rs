//! Rows of certificates that were added.

use x509_identity::SerialNumber;

use crate::StoreError;
use crate::database::Row;

/// The number of a certificate that was added, of which the database has returned number and serial number.
pub(super) fn added_id(rows: &[Row], serial: &SerialNumber) -> Result<i64, StoreError> {
    let row = rows.first().ok_or(StoreError::Closed)?;
    if row.blob(1)? != serial.as_bytes() {
        return Err(StoreError::Corrupt {
            what: "certificates were not added in their order".into(),
        });
    }
    row.int(0)
}
