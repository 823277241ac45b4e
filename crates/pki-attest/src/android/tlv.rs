//! ASN.1 as devices write it: tag, length, value, and no rule of DER beyond that.
//!
//! Genuine devices write booleans that are neither 0 nor 255, tags out of order, and integers with leading zeros. A
//! reader of strict DER refuses them; what the chain's signatures cover is certain without it.

/// A tag: its class and whether it is constructed, as in the first octet's upper three bits, and its number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Tag {
    pub(super) class: u8,
    pub(super) number: u32,
}

pub(super) const BOOLEAN: Tag = Tag::universal(1);
pub(super) const INTEGER: Tag = Tag::universal(2);
pub(super) const OCTET_STRING: Tag = Tag::universal(4);
pub(super) const ENUMERATED: Tag = Tag::universal(10);
pub(super) const SEQUENCE: Tag = Tag::universal(16);
pub(super) const SET: Tag = Tag::universal(17);

impl Tag {
    const CONTEXT: u8 = 0x80;

    const fn universal(number: u32) -> Self {
        Self { class: 0, number }
    }

    /// Its number, if it is specific to the context.
    pub(super) fn context(self) -> Option<u32> {
        (self.class == Self::CONTEXT).then_some(self.number)
    }
}

/// Why octets are not a value.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum TlvError {
    #[error("it ends within a value")]
    Short,
    #[error("it has a tag or a length that is too large")]
    TooLarge,
    #[error("it has a value of another type than the one that belongs there")]
    Type,
    #[error("something follows the last value")]
    Trailing,
    #[error("an integer does not fit")]
    Integer,
    #[error("a text is not UTF-8")]
    Text,
    #[error("a number stands for nothing that is known")]
    Unknown,
}

/// Values, one after the other.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(octets: &'a [u8]) -> Self {
        Self(octets)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next value, whatever it is.
    pub(super) fn any(&mut self) -> Result<(Tag, &'a [u8]), TlvError> {
        let first = self.octet()?;
        let mut number = u32::from(first & 0x1f);
        if number == 0x1f {
            number = self.long_number()?;
        }
        let length = self.length()?;
        let (value, rest) = self.0.split_at_checked(length).ok_or(TlvError::Short)?;
        self.0 = rest;
        let class = first & 0xc0;
        Ok((Tag { class, number }, value))
    }

    /// The next value, which has to be of this type.
    pub(super) fn value(&mut self, tag: Tag) -> Result<&'a [u8], TlvError> {
        match self.any()? {
            (seen, value) if seen == tag => Ok(value),
            _ => Err(TlvError::Type),
        }
    }

    /// The values inside of the next one.
    pub(super) fn inside(&mut self, tag: Tag) -> Result<Self, TlvError> {
        self.value(tag).map(Self)
    }

    /// An integer or enumerated value within 128 bits, with leading octets that say nothing or without.
    pub(super) fn integer(&mut self, tag: Tag) -> Result<i128, TlvError> {
        let value = self.value(tag)?;
        let is_negative = *value.first().ok_or(TlvError::Integer)? >= 0x80;
        let filler = if is_negative { 0xff } else { 0 };
        let fillers = value.iter().take_while(|octet| **octet == filler).count();
        let digits = value.get(fillers..).unwrap_or_default();
        let mut octets = [filler; 16];
        let place = octets.len().checked_sub(digits.len());
        let place = place.and_then(|place| octets.get_mut(place..));
        place.ok_or(TlvError::Integer)?.copy_from_slice(digits);
        let number = i128::from_be_bytes(octets);
        match number.is_negative() == is_negative {
            true => Ok(number),
            false => Err(TlvError::Integer),
        }
    }

    /// One that is not negative, within 64 bits.
    pub(super) fn unsigned(&mut self, tag: Tag) -> Result<u64, TlvError> {
        u64::try_from(self.integer(tag)?).map_err(|_| TlvError::Integer)
    }

    /// A boolean: anything but 0 is true.
    pub(super) fn boolean(&mut self) -> Result<bool, TlvError> {
        match self.value(BOOLEAN)? {
            [octet] => Ok(*octet != 0),
            _ => Err(TlvError::Type),
        }
    }

    pub(super) fn octets(&mut self) -> Result<&'a [u8], TlvError> {
        self.value(OCTET_STRING)
    }

    /// An octet string that is text.
    pub(super) fn text(&mut self) -> Result<String, TlvError> {
        let text = std::str::from_utf8(self.octets()?);
        text.map(str::to_owned).map_err(|_| TlvError::Text)
    }

    pub(super) fn end(&self) -> Result<(), TlvError> {
        match self.0 {
            [] => Ok(()),
            _ => Err(TlvError::Trailing),
        }
    }

    fn octet(&mut self) -> Result<u8, TlvError> {
        let (octet, rest) = self.0.split_first().ok_or(TlvError::Short)?;
        self.0 = rest;
        Ok(*octet)
    }

    /// A tag number of 31 or more (X.690 section 8.1.2.4), of three octets at most.
    fn long_number(&mut self) -> Result<u32, TlvError> {
        let mut number = 0;
        for _ in 0..3 {
            let octet = self.octet()?;
            number = number << 7 | u32::from(octet & 0x7f);
            if octet & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(TlvError::TooLarge)
    }

    /// A definite length of four octets at most, the first of which may be zeros.
    fn length(&mut self) -> Result<usize, TlvError> {
        match self.octet()? {
            short @ 0..=0x7f => Ok(usize::from(short)),
            long @ 0x81..=0x84 => {
                let mut length = 0;
                for _ in 0..long & 0x7f {
                    length = length << 8 | usize::from(self.octet()?);
                }
                Ok(length)
            }
            _ => Err(TlvError::TooLarge),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_devices_write_is_read() {
        let mut values = Reader::new(&[
            0x01, 0x01, 0x0a, 0x02, 0x84, 0x00, 0x00, 0x00, 0x02, 0x00, 0x05, 0xbf, 0x85, 0x40,
            0x81, 0x01, 0xff,
        ]);
        assert_eq!(values.boolean(), Ok(true));
        assert_eq!(values.unsigned(INTEGER), Ok(5));
        let tagged = values.any().map(|(tag, value)| (tag.context(), value));
        assert_eq!(tagged, Ok((Some(704), &[0xff][..])));
        assert_eq!(values.end(), Ok(()));
        let mut zero = Reader::new(&[0x01, 0x01, 0x00, 0x00]);
        assert_eq!(zero.boolean(), Ok(false));
        assert_eq!(zero.end(), Err(TlvError::Trailing));
    }

    #[test]
    fn what_is_no_value_is_an_error() {
        for (octets, error) in [
            (&[][..], TlvError::Short),
            (&[0x02], TlvError::Short),
            (&[0x02, 0x02, 0x01], TlvError::Short),
            (&[0x02, 0x80], TlvError::TooLarge),
            (&[0x02, 0x84, 0xff, 0xff, 0xff, 0xff, 1], TlvError::Short),
            (&[0x02, 0x85, 0, 0, 0, 0, 1, 1], TlvError::TooLarge),
            (&[0xbf, 0xff, 0xff, 0xff, 0x01, 0x00], TlvError::TooLarge),
            (&[0x04, 0x01, 0x01], TlvError::Type),
            (&[0x02, 0x00], TlvError::Integer),
            (&[0x02, 0x01, 0x80], TlvError::Integer),
            (&[0x02, 0x09, 1, 0, 0, 0, 0, 0, 0, 0, 0], TlvError::Integer),
        ] {
            assert_eq!(
                Reader::new(octets).unsigned(INTEGER),
                Err(error),
                "{octets:02x?}"
            );
        }
    }

    #[test]
    fn an_integer_has_128_bits_and_a_sign() {
        let most = [&[0x02, 0x10, 0x7f][..], &[0xff; 15]].concat();
        let least = [&[0x02, 0x10, 0x80][..], &[0; 15]].concat();
        let padded = [&[0x02, 0x12, 0, 0][..], &most[2..]].concat();
        for (octets, number) in [
            (&[0x02, 0x01, 0xff][..], Ok(-1)),
            (&[0x02, 0x04, 0xff, 0xff, 0xff, 0xff], Ok(-1)),
            (&[0x02, 0x02, 0xff, 0x7f], Ok(-129)),
            (&[0x02, 0x05, 0x00, 0xff, 0xff, 0xff, 0xff], Ok(0xffff_ffff)),
            (&most, Ok(i128::MAX)),
            (&padded, Ok(i128::MAX)),
            (&least, Ok(i128::MIN)),
            (
                &[&[0x02, 0x11, 0x00, 0x80][..], &[0; 15]].concat(),
                Err(TlvError::Integer),
            ),
            (
                &[&[0x02, 0x11, 0xff, 0x7f][..], &[0xff; 15]].concat(),
                Err(TlvError::Integer),
            ),
            (
                &[&[0x02, 0x11, 0x01][..], &[0; 16]].concat(),
                Err(TlvError::Integer),
            ),
        ] {
            assert_eq!(
                Reader::new(octets).integer(INTEGER),
                number,
                "{octets:02x?}"
            );
        }
    }
}
