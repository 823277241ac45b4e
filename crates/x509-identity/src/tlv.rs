//! Borrowing DER elements out of a slice.
//!
//! `der` decodes lengths, integers, bit strings and identifiers. Elements are taken whole here
//! because names and keys are needed as the exact octets that were signed, and because
//! `der::Tag` knows no UniversalString.

use const_oid::ObjectIdentifier;
use der::{Decode, Length, Reader, SliceReader};

use crate::ParseError;

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// The identifier octet of a primitive `[number]`.
pub(crate) const fn context(number: u8) -> u8 {
    0x80 | number
}

/// The identifier octet of a constructed `[number]`.
pub(crate) const fn constructed_context(number: u8) -> u8 {
    0xa0 | number
}

/// One element: identifier octet, content, and both with the length between them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tlv<'a> {
    pub(crate) tag: u8,
    pub(crate) value: &'a [u8],
    pub(crate) der: &'a [u8],
}

impl<'a> Decode<'a> for Tlv<'a> {
    type Error = der::Error;

    fn decode<R: Reader<'a>>(reader: &mut R) -> Result<Self, der::Error> {
        let mut ahead = reader.clone();
        let tag = ahead.read_byte()?;
        // Tag numbers above 30 take more octets; no structure read here has one.
        if tag & 0x1f == 0x1f {
            return Err(reader.error(der::ErrorKind::TagNumberInvalid));
        }
        let length = Length::decode(&mut ahead)?;
        let header = (ahead.position() - reader.position())?;
        let der = reader.read_slice((header + length)?)?;
        let value = der.get(usize::try_from(header)?..).unwrap_or_default();
        Ok(Self { tag, value, der })
    }
}

impl<'a> Tlv<'a> {
    /// The first element, whose length is a single octet, as that of nearly all is, and what comes after it. `None` for
    /// all others, and for what [`decode`](Decode::decode) refuses.
    fn short(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let [tag, length @ 0..0x80, ..] = *bytes else {
            return None;
        };
        let (der, rest) = bytes.split_at_checked(HEADER + usize::from(length))?;
        let value = der.get(HEADER..)?;
        (tag & 0x1f != 0x1f).then_some((Self { tag, value, der }, rest))
    }
}

/// The octets of a tag and of a short length.
const HEADER: usize = 2;

/// The elements of one structure, in order, with the structure's name for errors.
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
    what: &'static str,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(bytes: &'a [u8], what: &'static str) -> Result<Self, ParseError> {
        match Length::try_from(bytes.len()) {
            Ok(_) => Ok(Self { rest: bytes, what }),
            Err(source) => Err(ParseError::Der { what, source }),
        }
    }

    /// The fields of the one element with `tag` that `bytes` consists of.
    pub(crate) fn within(bytes: &'a [u8], tag: u8, what: &'static str) -> Result<Self, ParseError> {
        let mut outer = Self::new(bytes, what)?;
        let inner = outer.required(tag)?;
        outer.finish()?;
        Self::new(inner.value, what)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn next(&mut self) -> Result<Tlv<'a>, ParseError> {
        match Tlv::short(self.rest) {
            Some((tlv, rest)) => {
                self.rest = rest;
                Ok(tlv)
            }
            None => self.decode(),
        }
    }

    pub(crate) fn required(&mut self, tag: u8) -> Result<Tlv<'a>, ParseError> {
        let tlv = self.next()?;
        if tlv.tag == tag {
            Ok(tlv)
        } else {
            Err(ParseError::UnexpectedTag {
                what: self.what,
                expected: tag,
                found: tlv.tag,
            })
        }
    }

    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<Tlv<'a>>, ParseError> {
        if self.rest.first() == Some(&tag) {
            self.next().map(Some)
        } else {
            Ok(None)
        }
    }

    pub(crate) fn decode<T>(&mut self) -> Result<T, ParseError>
    where
        T: Decode<'a, Error = der::Error>,
    {
        let what = self.what;
        let failed = |source| ParseError::Der { what, source };
        let mut reader = SliceReader::new(self.rest).map_err(failed)?;
        let value = reader.decode().map_err(failed)?;
        let read = usize::try_from(reader.position()).map_err(failed)?;
        self.rest = self.rest.get(read..).unwrap_or_default();
        Ok(value)
    }

    pub(crate) fn object_identifier(&mut self) -> Result<ObjectIdentifier, ParseError> {
        let tlv = self.required(OBJECT_IDENTIFIER)?;
        object_identifier(tlv.value, self.what)
    }

    pub(crate) fn finish(self) -> Result<(), ParseError> {
        if self.is_empty() {
            Ok(())
        } else {
            Err(ParseError::TrailingData { what: self.what })
        }
    }
}

/// Reads the content octets of an OBJECT IDENTIFIER.
pub(crate) fn object_identifier(
    content: &[u8],
    what: &'static str,
) -> Result<ObjectIdentifier, ParseError> {
    // X.690 8.19.2: an arc does not start with 0x80. `const-oid` lets that pass, and two
    // identifiers could then print alike without being equal.
    let mut arc_starts = true;
    for octet in content {
        if arc_starts && *octet == 0x80 {
            let source = der::ErrorKind::Noncanonical {
                tag: der::Tag::ObjectIdentifier,
            }
            .into();
            return Err(ParseError::Der { what, source });
        }
        arc_starts = octet & 0x80 == 0;
    }
    ObjectIdentifier::from_bytes(content).map_err(|error| ParseError::Der {
        what,
        source: error.into(),
    })
}

/// As [`object_identifier`], but `None` for one that is well-formed and that `const-oid` has no room
/// for: a UUID below 2.25, say, or a second arc above 39.
pub(crate) fn representable_identifier(
    content: &[u8],
    what: &'static str,
) -> Result<Option<ObjectIdentifier>, ParseError> {
    let error = match object_identifier(content, what) {
        Ok(oid) => return Ok(Some(oid)),
        Err(error) => error,
    };
    let begins_minimal = |arc: &[u8]| arc.first() != Some(&0x80);
    let ends = content.last().is_some_and(|octet| octet & 0x80 == 0);
    let mut arcs = content.split_inclusive(|octet| octet & 0x80 == 0);
    if ends && arcs.all(begins_minimal) {
        Ok(None)
    } else {
        Err(error)
    }
}

/// Decodes exactly `bytes` as a `T`.
pub(crate) fn decode<'a, T>(bytes: &'a [u8], what: &'static str) -> Result<T, ParseError>
where
    T: Decode<'a, Error = der::Error>,
{
    T::from_der(bytes).map_err(|source| ParseError::Der { what, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_has_the_tag_that_is_required_and_one_of_a_single_octet() {
        for (bytes, tag, good) in [
            (&[0x30, 1, 5][..], SEQUENCE, true),
            (&[0x31, 1, 5], SEQUENCE, false),
            (&[0x1e, 1, 5], 0x1e, true),
            (&[0x1f, 1, 5], 0x1f, false),
        ] {
            let mut fields = Fields::new(bytes, "test").expect("few octets");
            assert_eq!(fields.required(tag).is_ok(), good, "{bytes:x?}");
        }
    }

    #[test]
    fn an_identifier_is_whole_and_each_arc_of_it_is_as_short_as_it_can_be() {
        let uuid = [&[0x69, 0x83][..], &[0xff; 17], &[0x7f]].concat();
        for (content, is_read, is_formed) in [
            (&[0x2a, 3, 4][..], true, true),
            // A 0x80 within an arc is a digit of it.
            (&[0x2a, 0x81, 0x80, 0x00], true, true),
            (&[0x2a, 0x80, 0x01], false, false),
            (&uuid, false, true),
            (&[&[0x69, 0x83, 0x80], &uuid[3..]].concat(), false, true),
            (&uuid[..uuid.len() - 1], false, false),
            (&[&uuid[..], &[0x80, 1]].concat(), false, false),
        ] {
            let read = object_identifier(content, "test");
            assert_eq!(read.is_ok(), is_read, "{content:x?}");
            match representable_identifier(content, "test") {
                Ok(found) => {
                    assert!(is_formed, "{content:x?}");
                    assert_eq!(found.is_some(), is_read, "{content:x?}");
                }
                Err(_) => assert!(!is_formed, "{content:x?}"),
            }
        }
    }

    #[test]
    fn a_short_element_is_what_the_decoder_makes_of_it_and_nothing_else_is() {
        let long = [[0x30, 0x81, 0x80].as_slice(), &[0; 0x80]].concat();
        for bytes in [
            [0x02, 1, 5].as_slice(),
            &[0x05, 0, 0x02, 1, 5],
            &[0xa0, 3, 2, 1, 2],
            &long,
            // A tag of more octets, a length that is cut off, that is not minimal, or that has no end.
            &[0x1f, 1, 5],
            &[0x30],
            &[0x30, 4, 1],
            &[0x30, 0x81, 1, 5],
            &[0x30, 0x80, 0, 0],
            &[],
        ] {
            let decoded = SliceReader::new(bytes).and_then(|mut reader| Tlv::decode(&mut reader));
            let read =
                Fields::new(bytes, "test").and_then(|mut fields| Ok((fields.next()?, fields.rest)));
            match (decoded, read) {
                (Ok(decoded), Ok((read, rest))) => {
                    assert_eq!((read.tag, read.value), (decoded.tag, decoded.value));
                    assert_eq!([read.der, rest].concat(), bytes);
                    assert_eq!(read.der, decoded.der);
                }
                (decoded, read) => assert!(decoded.is_err() && read.is_err(), "{bytes:02x?}"),
            }
        }
    }
}
