//! Names as text (RFC 4514).

use std::fmt::{self, Write};
use std::str::FromStr;

use const_oid::ObjectIdentifier;

use super::distinguished_name::DistinguishedName;
use super::rdn::{Attribute, Rdn};
use super::value::{AttributeValue, MAX_NAME_LEN};
use super::{attribute_type, der};
use crate::ParseError;

impl fmt::Display for DistinguishedName {
    /// RFC 4514 2.1: RDNs from the last to the first, separated by commas.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt_joined(self.rdns.iter().rev(), ",", f)
    }
}

impl fmt::Display for Rdn {
    /// RFC 4514 2.2: attributes separated by plus signs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt_joined(self.attributes.iter(), "+", f)
    }
}

impl fmt::Display for Attribute {
    /// RFC 4514 2.3: type, equals sign, value. A type without a name is written dotted, and its value
    /// then as `#` and the hexadecimal digits of its DER, as is every value that is not a string.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (attribute_type::short_name(&self.oid), &self.value) {
            (Some(name), AttributeValue::Text { text, .. }) => {
                write!(f, "{name}=")?;
                fmt_escaped(text, f)
            }
            (Some(name), AttributeValue::Der(der)) => {
                write!(f, "{name}=")?;
                fmt_hex(f, der)
            }
            (None, value) => {
                write!(f, "{}=", self.oid)?;
                fmt_hex(f, &der::encode_value(value))
            }
        }
    }
}

/// `#` and two lower-case hexadecimal digits for each octet.
pub(crate) fn fmt_hex(f: &mut fmt::Formatter<'_>, octets: &[u8]) -> fmt::Result {
    f.write_char('#')?;
    octets.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
}

fn fmt_joined<T: fmt::Display>(
    items: impl Iterator<Item = T>,
    separator: &str,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    for (index, item) in items.enumerate() {
        if index > 0 {
            f.write_str(separator)?;
        }
        item.fmt(f)?;
    }
    Ok(())
}

/// RFC 4514 2.4.
fn fmt_escaped(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let last = text.len().saturating_sub(1);
    for (index, c) in text.char_indices() {
        match c {
            '#' if index == 0 => f.write_str("\\#")?,
            ' ' if index == 0 || index == last => f.write_str("\\ ")?,
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => write!(f, "\\{c}")?,
            c if breaks_a_line(c) => {
                let mut utf8 = [0; 4];
                c.encode_utf8(&mut utf8)
                    .bytes()
                    .try_for_each(|octet| write!(f, "\\{octet:02X}"))?;
            }
            c => f.write_char(c)?,
        }
    }
    Ok(())
}

/// Characters that end or reorder the line they are printed on: controls, bidirectional marks, and
/// [`reorders_a_line`].
fn breaks_a_line(c: char) -> bool {
    c.is_control() || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}') || reorders_a_line(c)
}

/// The line and paragraph separators, and what embeds, overrides or isolates the direction of text (Unicode Annex 9).
/// Marks such as U+200F, which names in Arabic and Hebrew may have, are none of them.
#[must_use]
pub fn reorders_a_line(c: char) -> bool {
    matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

impl FromStr for DistinguishedName {
    type Err = ParseError;

    /// Reads RFC 4514. Types are the names that `Display` writes and their long forms, in any
    /// case, or dotted identifiers; spaces before a type are passed over.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        if text.len() > MAX_TEXT_LEN {
            return Err(ParseError::TooLong {
                what: "name",
                len: text.len(),
                limit: MAX_TEXT_LEN,
            });
        }
        if text.is_empty() {
            return Ok(Self::default());
        }
        let mut scanner = Scanner { text, offset: 0 };
        let mut rdns = Vec::new();
        loop {
            rdns.push(scanner.rdn()?);
            if !scanner.eat(',') {
                break;
            }
        }
        // A value ends only at a comma, a plus sign or the end of the text.
        rdns.reverse();
        Ok(Self { rdns })
    }
}

struct Scanner<'a> {
    text: &'a str,
    offset: usize,
}

impl<'a> Scanner<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.offset..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.offset += wanted.len_utf8();
        }
        found
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        self.offset += end;
        rest.get(..end).unwrap_or_default()
    }

    fn error(&self, reason: &'static str) -> ParseError {
        ParseError::NameSyntax {
            offset: self.offset,
            reason,
        }
    }

    /// relativeDistinguishedName = attributeTypeAndValue *( PLUS attributeTypeAndValue )
    fn rdn(&mut self) -> Result<Rdn, ParseError> {
        let mut attributes = vec![self.attribute()?];
        while self.eat('+') {
            attributes.push(self.attribute()?);
        }
        Rdn::new(attributes)
    }

    /// attributeTypeAndValue = attributeType EQUALS attributeValue
    fn attribute(&mut self) -> Result<Attribute, ParseError> {
        self.take_while(|c| c == ' ');
        let oid = self.attribute_type()?;
        if !self.eat('=') {
            return Err(self.error("an equals sign belongs here"));
        }
        if self.eat('#') {
            let value = self.hex_string(&oid)?;
            return Ok(Attribute { oid, value });
        }
        let value = AttributeValue::text(oid, self.string()?)?;
        Ok(Attribute { oid, value })
    }

    /// attributeType = descr / numericoid
    fn attribute_type(&mut self) -> Result<ObjectIdentifier, ParseError> {
        let start = self.offset;
        let name = self.take_while(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.');
        let oid = if name.starts_with(|c: char| c.is_ascii_digit()) {
            ObjectIdentifier::new(name).ok()
        } else {
            attribute_type::by_name(name)
        };
        oid.ok_or(ParseError::NameSyntax {
            offset: start,
            reason: "unknown attribute type",
        })
    }

    /// hexstring = SHARP 1*hexpair
    fn hex_string(&mut self, oid: &ObjectIdentifier) -> Result<AttributeValue, ParseError> {
        let mut octets = Vec::new();
        while let Some(octet) = self.hex_pair()? {
            octets.push(octet);
        }
        if !matches!(self.peek(), None | Some(',' | '+')) {
            return Err(self.error("pairs of hexadecimal digits belong here"));
        }
        der::decode_value_der(oid, &octets)
    }

    /// hexpair = HEX HEX
    fn hex_pair(&mut self) -> Result<Option<u8>, ParseError> {
        let mut digits = self.rest().chars().map(|c| c.to_digit(16));
        let Some(high) = digits.next().flatten() else {
            return Ok(None);
        };
        let Some(low) = digits.next().flatten() else {
            return Err(self.error("a second hexadecimal digit is missing"));
        };
        self.offset += 2;
        Ok(u8::try_from(high << 4 | low).ok())
    }

    /// string = [ ( leadchar / pair ) [ *( stringchar / pair ) ( trailchar / pair ) ] ]
    ///
    /// The octets of escapes may form UTF-8 only together, so the whole is checked at its end.
    fn string(&mut self) -> Result<String, ParseError> {
        let start = self.offset;
        let mut octets = Vec::new();
        let mut trailing_space = false;
        while let Some(c) = self.peek() {
            match c {
                ',' | '+' => break,
                '"' | ';' | '<' | '>' | '\0' => {
                    return Err(self.error("a special character is not escaped"));
                }
                ' ' if self.offset == start => {
                    return Err(self.error("a leading space is not escaped"));
                }
                '\\' => {
                    self.offset += 1;
                    octets.push(self.pair()?);
                    trailing_space = false;
                }
                c => {
                    self.offset += c.len_utf8();
                    let mut utf8 = [0; 4];
                    octets.extend_from_slice(c.encode_utf8(&mut utf8).as_bytes());
                    trailing_space = c == ' ';
                }
            }
        }
        if trailing_space {
            return Err(self.error("a trailing space is not escaped"));
        }
        String::from_utf8(octets).map_err(|_| ParseError::NameSyntax {
            offset: start,
            reason: "the escaped octets are not UTF-8",
        })
    }

    /// pair = ESC ( ESC / special / hexpair ), after the ESC
    fn pair(&mut self) -> Result<u8, ParseError> {
        if let Some(octet) = self.hex_pair()? {
            return Ok(octet);
        }
        match self.peek() {
            Some(c @ ('\\' | '"' | '+' | ',' | ';' | '<' | '>' | ' ' | '#' | '=')) => {
                self.offset += 1;
                u8::try_from(c).map_err(|_| self.error("unknown escape"))
            }
            _ => Err(self.error("unknown escape")),
        }
    }
}

/// Each octet of a name takes at most three characters of text, and the types a few more.
const MAX_TEXT_LEN: usize = 4 * MAX_NAME_LEN;
