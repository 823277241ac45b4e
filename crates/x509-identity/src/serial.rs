use std::fmt;
use std::str::FromStr;

use crate::ParseError;

/// A certificate's serial number, octet for octet.
///
/// `Display` is upper-case hexadecimal without separators, as `openssl x509 -serial` prints it. A
/// leading zero octet that only keeps the number positive is left out. A negative number prints as
/// a minus sign and its magnitude. Two numbers are equal if their DER is.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SerialNumber(Box<[u8]>);

impl SerialNumber {
    /// Takes the content octets of an INTEGER that was checked to be minimal.
    pub(crate) fn from_integer(content: &[u8]) -> Self {
        Self(content.into())
    }

    /// The positive number of these octets, big-endian. Zeros in front make no difference.
    ///
    /// # Errors
    ///
    /// What RFC 5280 4.1.2.2 forbids: [`ParseError::Empty`] for zero, [`ParseError::TooLong`] for
    /// more than 20 octets of DER.
    pub fn from_be_bytes(magnitude: &[u8]) -> Result<Self, ParseError> {
        let what = "serial number";
        let start = magnitude.iter().position(|octet| *octet != 0);
        let digits = start.and_then(|start| magnitude.get(start..));
        let digits = digits.ok_or(ParseError::Empty { what })?;
        // DER takes a set top bit for a minus sign.
        let sign: &[u8] = match digits {
            [0x80..=0xff, ..] => &[0],
            _ => &[],
        };
        let number = Self([sign, digits].concat().into());
        if number.0.len() > MAX_LEN {
            return Err(ParseError::TooLong {
                what,
                len: number.0.len(),
                limit: MAX_LEN,
            });
        }
        Ok(number)
    }

    /// The number that the content octets of an INTEGER encode (big-endian two's complement), in its shortest form, as
    /// DER has it; none are zero.
    ///
    /// Serial numbers that RFC 5280 forbids exist in the certificates, CRLs and OCSP requests of others:
    /// [`is_rfc5280`](Self::is_rfc5280) tells.
    pub fn from_integer_octets(content: &[u8]) -> Self {
        let mut shortest = content;
        // X.690 8.3.2: the first nine bits are not all equal.
        while let [0, 0..=0x7f, ..] | [0xff, 0x80..=0xff, ..] = shortest {
            shortest = &shortest[1..];
        }
        match shortest {
            [] => Self([0].into()),
            octets => Self(octets.into()),
        }
    }

    /// The content octets of the DER INTEGER: big-endian two's complement, never empty.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether the number is below zero, which RFC 5280 forbids.
    pub fn is_negative(&self) -> bool {
        self.0.first().is_some_and(|first| first & 0x80 != 0)
    }

    /// Whether RFC 5280 4.1.2.2 allows the number: above zero, in at most 20 octets.
    ///
    /// Certificates with other serial numbers exist, so they parse; a verifier decides about them.
    pub fn is_rfc5280(&self) -> bool {
        !self.is_negative() && self.0.len() <= MAX_LEN && self.0.iter().any(|octet| *octet != 0)
    }
}

impl FromStr for SerialNumber {
    type Err = ParseError;

    /// Reads hexadecimal as `Display` writes it, and as others do: in either case, with colons between the
    /// octets or without, with or without zeros in front.
    ///
    /// # Errors
    ///
    /// [`ParseError::Hexadecimal`], and what RFC 5280 4.1.2.2 forbids: see
    /// [`from_be_bytes`](Self::from_be_bytes).
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let what = "serial number";
        // No number has more digits and colons, but for zeros in front.
        let len = text.len();
        if len > MAX_TEXT_LEN {
            let limit = MAX_TEXT_LEN;
            return Err(ParseError::TooLong { what, len, limit });
        }
        let wrong = ParseError::Hexadecimal { what };
        let digits: Option<Vec<u8>> = text
            .bytes()
            .filter(|byte| *byte != b':')
            .map(|byte| u8::try_from(char::from(byte).to_digit(16)?).ok())
            .collect();
        let digits = digits.filter(|digits| !digits.is_empty()).ok_or(wrong)?;
        let octets: Vec<u8> = digits
            .rchunks(2)
            .rev()
            .map(|pair| pair.iter().fold(0, |octet, digit| octet << 4 | digit))
            .collect();
        Self::from_be_bytes(&octets)
    }
}

/// Bytes of a text that is read.
const MAX_TEXT_LEN: usize = 256;

/// Octets of a serial number (RFC 5280 4.1.2.2).
const MAX_LEN: usize = 20;

impl fmt::Display for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_negative() {
            f.write_str("-")?;
            let magnitude = negated(&self.0);
            return write_hex(f, &magnitude);
        }
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SerialNumber({self})")
    }
}

fn write_hex(f: &mut fmt::Formatter<'_>, octets: &[u8]) -> fmt::Result {
    let digits = match octets {
        [0, rest @ ..] if !rest.is_empty() => rest,
        all => all,
    };
    digits.iter().try_for_each(|octet| write!(f, "{octet:02X}"))
}

/// Two's complement negation: the magnitude of a negative number.
fn negated(octets: &[u8]) -> Vec<u8> {
    let mut magnitude: Vec<u8> = octets.iter().map(|octet| !octet).collect();
    for octet in magnitude.iter_mut().rev() {
        let (sum, carry) = octet.overflowing_add(1);
        *octet = sum;
        if !carry {
            break;
        }
    }
    magnitude
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_built_with_the_octet_that_keeps_it_positive() {
        for (magnitude, octets) in [
            (&[1][..], &[1][..]),
            (&[0, 0, 0x7f], &[0x7f]),
            (&[0x80, 1], &[0, 0x80, 1]),
            (&[0x7f; 20], &[0x7f; 20]),
        ] {
            let number = SerialNumber::from_be_bytes(magnitude).expect("a serial number");
            assert_eq!(number.as_bytes(), octets);
            assert!(number.is_rfc5280());
        }
    }

    #[test]
    fn any_integer_is_a_number_in_its_shortest_form() {
        for (octets, shortest, allowed) in [
            (&[][..], &[0][..], false),
            (&[0], &[0], false),
            (&[0, 0, 0], &[0], false),
            (&[0, 0, 0x80, 1], &[0, 0x80, 1], true),
            (&[0, 1], &[1], true),
            (&[0xff, 0xff], &[0xff], false),
            (&[0xff, 0x7f], &[0xff, 0x7f], false),
            (&[0x7f; 21], &[0x7f; 21], false),
        ] {
            let number = SerialNumber::from_integer_octets(octets);
            assert_eq!(number.as_bytes(), shortest);
            assert_eq!(number.is_rfc5280(), allowed);
        }
    }

    #[test]
    fn a_number_below_zero_is_printed_as_one() {
        for (octets, printed) in [
            (&[0xff][..], "-01"),
            (&[0xff, 0x7f], "-81"),
            (&[0xff, 0x00], "-0100"),
            (&[0x80, 0x00, 0x00], "-800000"),
        ] {
            let number = SerialNumber::from_integer_octets(octets);
            assert_eq!(number.to_string(), printed);
        }
    }

    #[test]
    fn hexadecimal_is_read_as_people_write_it() {
        let what = "serial number";
        let wrong = Err(ParseError::Hexadecimal { what });
        let zero = Err(ParseError::Empty { what });
        for (text, read) in [
            ("4A01", Ok("4A01")),
            ("4a:01", Ok("4A01")),
            ("0", zero),
            ("1", Ok("01")),
            ("00:8a:01", Ok("8A01")),
            ("8A01", Ok("8A01")),
            ("", wrong.clone()),
            (":", wrong.clone()),
            ("-1", wrong.clone()),
            ("0x1", wrong.clone()),
            ("g", wrong.clone()),
            ("å", wrong),
        ] {
            let number = text.parse().map(|number: SerialNumber| number.to_string());
            assert_eq!(number, read.map(str::to_owned), "{text}");
        }
        let padded = |len| format!("{:0>len$}", "4A").parse::<SerialNumber>();
        assert_eq!(
            padded(MAX_TEXT_LEN).map(|it| it.to_string()),
            Ok("4A".to_owned())
        );
        let limit = MAX_TEXT_LEN;
        let len = MAX_TEXT_LEN + 1;
        assert_eq!(padded(len), Err(ParseError::TooLong { what, len, limit }));
    }

    #[test]
    fn zero_and_more_than_20_octets_are_no_serial_number() {
        let what = "serial number";
        for nothing in [&[][..], &[0], &[0, 0]] {
            let error = SerialNumber::from_be_bytes(nothing);
            assert_eq!(error, Err(ParseError::Empty { what }));
        }
        for long in [&[1; 21][..], &[0x80; 20]] {
            let (len, limit) = (21, MAX_LEN);
            let error = SerialNumber::from_be_bytes(long);
            assert_eq!(error, Err(ParseError::TooLong { what, len, limit }));
        }
    }
}
