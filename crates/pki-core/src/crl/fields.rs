//! What the parts of a CRL have in common: extensions, times, integers.

use const_oid::ObjectIdentifier;
use der::asn1::AnyRef;
use der::{Decode, ErrorKind, Reader, SliceReader, Tag, Tagged};
use time::OffsetDateTime;
use x509_cert::time::Time;

use super::error::CrlError;

/// Reads `SEQUENCE OF Extension`, each at most once.
pub(crate) fn extensions<'a>(
    reader: &mut SliceReader<'a>,
    mut each: impl FnMut(ObjectIdentifier, bool, &'a [u8]) -> Result<(), CrlError>,
) -> Result<(), CrlError> {
    let mut seen = Vec::new();
    reader.sequence(|list| {
        while !list.is_finished() {
            list.sequence(|extension| {
                let oid = ObjectIdentifier::decode(extension)?;
                let critical = next_is(extension, Tag::Boolean) && bool::decode(extension)?;
                let value = AnyRef::decode(extension)?;
                value.tag().assert_eq(Tag::OctetString)?;
                if seen.contains(&oid) {
                    return Err(CrlError::DuplicateExtension(oid));
                }
                if seen.len() == MAX_EXTENSIONS {
                    return Err(ErrorKind::Overlength.into());
                }
                seen.push(oid);
                each(oid, critical, value.value())
            })?;
        }
        Ok(())
    })
}

/// RFC 5280 sections 5.2.3 and 5.3.1: a CRL that marks these critical means something else by them.
pub(crate) fn not_critical(oid: ObjectIdentifier, critical: bool) -> Result<(), CrlError> {
    match critical {
        true => Err(CrlError::MarkedCritical(oid)),
        false => Ok(()),
    }
}

/// Reads a date; `what` is what an error calls it.
pub(crate) fn read_time(
    reader: &mut SliceReader<'_>,
    what: &'static str,
) -> Result<OffsetDateTime, CrlError> {
    let mut again = reader.clone();
    match Time::decode(reader) {
        Ok(time) => Ok(OffsetDateTime::UNIX_EPOCH + time.to_unix_duration()),
        Err(error) => Err(match AnyRef::decode(&mut again) {
            Ok(time) if matches!(time.tag(), Tag::UtcTime | Tag::GeneralizedTime) => {
                let text = time.value();
                let shown = text.get(..LONGEST_SHOWN).unwrap_or(text);
                let found = shown.escape_ascii().to_string();
                CrlError::Time { what, found }
            }
            _ => error.into(),
        }),
    }
}

/// `20261124120000.123456+0100`, and a little more.
const LONGEST_SHOWN: usize = 32;

pub(crate) fn next_is(reader: &SliceReader<'_>, tag: Tag) -> bool {
    Tag::peek(reader).is_ok_and(|next| next == tag)
}

/// `part` is a slice of `whole`.
pub(crate) fn offset_in(whole: &[u8], part: &[u8]) -> usize {
    part.as_ptr().addr() - whole.as_ptr().addr()
}

/// Without leading zeros, so that an encoding with one more of them is the same number.
pub(crate) fn magnitude(integer: &[u8]) -> &[u8] {
    let zeros = integer.iter().take_while(|byte| **byte == 0).count();
    &integer[zeros..]
}

/// The search for repetitions is quadratic; honest CRLs have a handful.
const MAX_EXTENSIONS: usize = 32;
