//! Integers that a file may make as large as it likes.

use der::asn1::IntRef;
use der::{DecodeValue, EncodeValue, FixedTag, Header, Length, Reader, Tag, Writer};

/// An INTEGER of any size: a number of iterations or of octets. One that an `i64` does not hold becomes the largest or
/// the smallest of these, which no limit allows, so that it is refused by its size and not by its encoding.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Count(pub i64);

impl FixedTag for Count {
    const TAG: Tag = Tag::Integer;
}

impl<'a> DecodeValue<'a> for Count {
    type Error = der::Error;

    fn decode_value<R: Reader<'a>>(reader: &mut R, header: Header) -> der::Result<Self> {
        let octets = IntRef::decode_value(reader, header)?.as_bytes();
        let is_negative = octets.first().is_some_and(|first| first & 0x80 != 0);
        let outside = if is_negative { i64::MIN } else { i64::MAX };
        if octets.len() > size_of::<i64>() {
            return Ok(Self(outside));
        }
        let sign = if is_negative { -1 } else { 0 };
        let value = octets
            .iter()
            .fold(sign, |value, octet| value << 8 | i64::from(*octet));
        Ok(Self(value))
    }
}

impl EncodeValue for Count {
    fn value_len(&self) -> der::Result<Length> {
        self.0.value_len()
    }

    fn encode_value(&self, writer: &mut impl Writer) -> der::Result<()> {
        self.0.encode_value(writer)
    }
}

impl From<u32> for Count {
    fn from(count: u32) -> Self {
        Self(count.into())
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test says what it expects by unwrapping it"
    )]

    use der::{Decode, Encode};

    use super::*;

    #[test]
    fn integers_of_any_size_are_read() {
        for (der, value) in [
            (&[2, 1, 0][..], 0),
            (&[2, 2, 8, 0], 2048),
            (&[2, 1, 0xFF], -1),
            (&[2, 4, 0x80, 0, 0, 0], i64::from(i32::MIN)),
            (&[2, 5, 0, 0x80, 0, 0, 0], 1 << 31),
            (&[2, 8, 0x7F, 255, 255, 255, 255, 255, 255, 255], i64::MAX),
        ] {
            assert_eq!(Count::from_der(der).unwrap(), Count(value));
            assert_eq!(Count(value).to_der().unwrap(), der);
        }
        let beyond = [2, 9, 0, 0x80, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(Count::from_der(&beyond).unwrap(), Count(i64::MAX));
        let below = [2, 9, 0x80, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(Count::from_der(&below).unwrap(), Count(i64::MIN));
        let long = [&[2, 100, 1][..], &[0; 99]].concat();
        assert_eq!(Count::from_der(&long).unwrap(), Count(i64::MAX));
    }

    #[test]
    fn what_der_forbids_is_no_integer() {
        for der in [&[2, 0][..], &[2, 2, 0, 1], &[2, 2, 0xFF, 0xFF], &[4, 1, 1]] {
            assert!(Count::from_der(der).is_err(), "{der:?}");
        }
    }
}
