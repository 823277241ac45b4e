use std::fmt;

/// A certificate's serial number, octet for octet.
///
/// `Display` is upper-case hexadecimal without separators, as `openssl x509 -serial` prints it: a
/// leading zero octet that only keeps the number positive is left out, and a negative number
/// prints as a minus sign and its magnitude. Two numbers are equal if their DER is.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SerialNumber(Box<[u8]>);

impl SerialNumber {
    /// Takes the content octets of an INTEGER that was checked to be minimal.
    pub(crate) fn from_integer(content: &[u8]) -> Self {
        Self(content.into())
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
    /// Certificates with other serial numbers exist, so they parse; whoever verifies decides.
    pub fn is_rfc5280(&self) -> bool {
        !self.is_negative() && self.0.len() <= 20 && self.0.iter().any(|octet| *octet != 0)
    }
}

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
