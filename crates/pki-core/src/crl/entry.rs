//! One entry of a CRL (RFC 5280 section 5.3).

use const_oid::db::rfc5280::{ID_CE_CERTIFICATE_ISSUER, ID_CE_CRL_REASONS};
use der::asn1::AnyRef;
use der::{Decode, ErrorKind, Header, Reader, SliceReader, Tag, Tagged};
use time::OffsetDateTime;
use x509_identity::SerialNumber;

use super::error::CrlError;
use super::fields::{extensions, not_critical, read_time};
use crate::verify::RevocationReason;

/// A revoked certificate, as a CRL lists it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CrlEntry {
    /// Its serial number.
    pub serial: SerialNumber,
    /// Since when it is revoked.
    pub date: OffsetDateTime,
    /// Why; unspecified where the CRL does not say.
    pub reason: RevocationReason,
}

/// An entry where it stands in a CRL.
pub(crate) struct Entry<'a> {
    /// The content of the INTEGER.
    pub(crate) serial: &'a [u8],
    pub(crate) date: OffsetDateTime,
    pub(crate) reason: RevocationReason,
}

impl<'a> Entry<'a> {
    /// The same in a value of its own.
    pub(crate) fn to_owned(&self) -> CrlEntry {
        CrlEntry {
            serial: SerialNumber::from_integer_octets(self.serial),
            date: self.date,
            reason: self.reason,
        }
    }

    /// Whether the entry revokes; in a delta CRL it may take a revocation back.
    pub(crate) fn revokes(&self) -> bool {
        self.reason != RevocationReason::RemoveFromCrl
    }

    /// Reads the entry that starts at `offset`.
    pub(crate) fn at(der: &'a [u8], offset: u32) -> Result<Self, CrlError> {
        let mut reader = reader_at(der, offset)?;
        reader.sequence(|fields| Self::read(fields, true, |_| Ok(())))
    }

    /// The content of the serial number of the entry that starts at `offset`. The rest is not read, which takes three
    /// times as long.
    pub(crate) fn serial_at(der: &'a [u8], offset: u32) -> Result<&'a [u8], CrlError> {
        let mut reader = reader_at(der, offset)?;
        Header::decode(&mut reader)?
            .tag()
            .assert_eq(Tag::Sequence)?;
        read_serial(&mut reader)
    }

    /// Calls `note` with what keeps the entry from meaning what it says, and goes on if that is passed over.
    pub(crate) fn read(
        fields: &mut SliceReader<'a>,
        version2: bool,
        mut note: impl FnMut(CrlError) -> Result<(), CrlError>,
    ) -> Result<Self, CrlError> {
        let serial = read_serial(fields)?;
        let date = read_time(fields, "a date of revocation in the CRL")?;
        let mut reason = RevocationReason::Unspecified;
        if !fields.is_finished() {
            if !version2 {
                return Err(CrlError::Version);
            }
            extensions(fields, |oid, critical, value| match oid {
                ID_CE_CRL_REASONS => {
                    reason = read_reason(value)?;
                    not_critical(oid, critical).or_else(&mut note)
                }
                ID_CE_CERTIFICATE_ISSUER => note(CrlError::Indirect),
                _ if critical => note(CrlError::UnknownCriticalExtension(oid)),
                _ => Ok(()),
            })?;
        }
        Ok(Self {
            serial,
            date,
            reason,
        })
    }
}

fn reader_at(der: &[u8], offset: u32) -> Result<SliceReader<'_>, CrlError> {
    let entry = usize::try_from(offset)
        .ok()
        .and_then(|offset| der.get(offset..));
    Ok(SliceReader::new(entry.unwrap_or_default())?)
}

fn read_serial<'a>(reader: &mut SliceReader<'a>) -> Result<&'a [u8], CrlError> {
    let serial = AnyRef::decode(reader)?;
    serial.tag().assert_eq(Tag::Integer)?;
    Ok(serial.value())
}

/// ENUMERATED (RFC 5280 section 5.3.1). A reason that is not assigned, such as 7, revokes for no known reason.
fn read_reason(value: &[u8]) -> Result<RevocationReason, CrlError> {
    let code = AnyRef::from_der(value)?;
    code.tag().assert_eq(Tag::Enumerated)?;
    match code.value() {
        [code] => Ok(RevocationReason::from_code(*code).unwrap_or(RevocationReason::Unspecified)),
        _ => Err(ErrorKind::Value {
            tag: Tag::Enumerated,
        }
        .into()),
    }
}
