//! A row of the audit log, and its hash.

use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use x509_identity::SerialNumber;

use crate::record::hex;

/// A row of the audit log.
///
/// Its hash is the SHA-256 of these, one after the other:
///
/// 1. the 18 bytes `pki-store audit v1`,
/// 2. the hash of the row before, 32 bytes; zeros before the first,
/// 3. `seq` and the seconds of `at` since 1970, each in 8 bytes, big-endian,
/// 4. `event`, `actor`, `ca`, the octets of `serial` (none if there is none) and `detail`, each after its length in
///    8 bytes, big-endian.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct AuditRow {
    /// 1 for the first row, and one more for each after it.
    pub seq: u64,
    /// When, by the clock of whoever wrote it. It may go back: the order is that of `seq`.
    pub at: OffsetDateTime,
    /// What was decided, as [`AuditEvent::as_str`](super::AuditEvent::as_str) says it.
    pub event: String,
    /// Who asked for it.
    pub actor: String,
    /// The name of the CA; empty for what concerns none.
    pub ca: String,
    /// The certificate.
    pub serial: Option<SerialNumber>,
    /// More about it: an object of JSON.
    pub detail: String,
    /// The hash of this row and all before it.
    pub hash: [u8; 32],
}

impl AuditRow {
    /// The hash that the row has to have behind a row with the hash `previous`.
    #[must_use]
    pub fn hash_after(&self, previous: &[u8; 32]) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(b"pki-store audit v1");
        hash.update(previous);
        hash.update(self.seq.to_be_bytes());
        hash.update(self.at.unix_timestamp().to_be_bytes());
        let serial = self.serial.as_ref().map_or(&[][..], SerialNumber::as_bytes);
        for field in [
            self.event.as_bytes(),
            self.actor.as_bytes(),
            self.ca.as_bytes(),
            serial,
            self.detail.as_bytes(),
        ] {
            let len = u64::try_from(field.len()).unwrap_or(u64::MAX);
            hash.update(len.to_be_bytes());
            hash.update(field);
        }
        hash.finalize().into()
    }
}

impl Serialize for AuditRow {
    /// An object with all fields: `at` by RFC 3339, `serial` and `hash` in hexadecimal, `detail` as an object.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::Error as _;
        let mut row = serializer.serialize_struct("AuditRow", 8)?;
        row.serialize_field("seq", &self.seq)?;
        let at = self.at.format(&Rfc3339).map_err(S::Error::custom)?;
        row.serialize_field("at", &at)?;
        row.serialize_field("event", &self.event)?;
        row.serialize_field("actor", &self.actor)?;
        row.serialize_field("ca", &self.ca)?;
        row.serialize_field("serial", &self.serial)?;
        // As it is, since its spaces and order are in the hash; a text if somebody has made it something else.
        match serde_json::value::RawValue::from_string(self.detail.clone()) {
            Ok(detail) => row.serialize_field("detail", &detail)?,
            Err(_) => row.serialize_field("detail", &self.detail)?,
        }
        row.serialize_field("hash", &hex(&self.hash))?;
        row.end()
    }
}
