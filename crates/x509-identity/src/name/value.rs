//! Attribute values and the ASN.1 string types that hold them.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};

use const_oid::ObjectIdentifier;

use super::{MAX_NAME_LEN, attribute_type};
use crate::ParseError;

/// The value of one attribute of a name.
///
/// Equality looks at the text and not at the string type around it.
#[derive(Clone, Debug)]
pub enum AttributeValue {
    /// Text, complete and without a NUL.
    Text {
        /// The characters.
        text: String,
        /// The string type that held or will hold them.
        string_type: StringType,
    },
    /// The DER of a value that is not text: the BIT STRING of x500UniqueIdentifier, or a string with
    /// characters for which its type has no place.
    Der(Box<[u8]>),
}

/// The ASN.1 types that hold text in names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StringType {
    /// BMPString: UTF-16, big-endian. Surrogates have to come in pairs.
    Bmp,
    /// IA5String: ASCII.
    Ia5,
    /// NumericString: digits and space.
    Numeric,
    /// PrintableString: letters, digits, space and `'()+,-./:=?`, and also `*` and `&`, which
    /// are wrong but common.
    Printable,
    /// TeletexString (T61String), read as ISO 8859-1: what issuers that use it mean by it.
    Teletex,
    /// UniversalString: UTF-32, big-endian.
    Universal,
    /// UTF8String.
    Utf8,
    /// VisibleString: printable ASCII.
    Visible,
}

impl AttributeValue {
    /// Text in the string type that `oid` prefers, if that can hold it, or else UTF8String.
    pub(super) fn text(oid: ObjectIdentifier, text: String) -> Result<Self, ParseError> {
        if text.len() > MAX_NAME_LEN {
            return Err(ParseError::TooLong {
                what: WHAT,
                len: text.len(),
                limit: MAX_NAME_LEN,
            });
        }
        if text.contains('\0') {
            return Err(ParseError::EmbeddedNul { what: WHAT });
        }
        let preferred = attribute_type::preferred_string(&oid);
        let string_type = if preferred.holds(&text) {
            preferred
        } else {
            StringType::Utf8
        };
        Ok(Self::Text { text, string_type })
    }

    /// Whether it is a string that cannot be read: [`Der`](Self::Der) of a string type.
    pub fn is_unreadable(&self) -> bool {
        match self {
            Self::Text { .. } => false,
            Self::Der(der) => der
                .first()
                .is_some_and(|tag| StringType::from_tag(*tag).is_some()),
        }
    }

    /// Whether its string type, if it has one, has a place for each of its characters.
    pub fn is_well_typed(&self) -> bool {
        match self {
            Self::Text { text, string_type } => string_type.holds(text),
            Self::Der(_) => !self.is_unreadable(),
        }
    }

    /// The size of the text or of the DER, in bytes.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Text { text, .. } => text.len(),
            Self::Der(der) => der.len(),
        }
    }

    /// Reads a value with identifier octet `tag`; `der` is the whole of it.
    pub(super) fn from_der(tag: u8, content: &[u8], der: &[u8]) -> Result<Self, ParseError> {
        let Some(string_type) = StringType::from_tag(tag) else {
            return Ok(Self::Der(der.into()));
        };
        // `@` and `_` are common where PrintableString has no place for them, and read as everybody
        // reads them. Beyond ASCII nobody knows what is meant.
        if string_type.is_ascii_subset() && !content.is_ascii() && !content.contains(&0) {
            return Ok(Self::Der(der.into()));
        }
        let text = string_type
            .decode(content)
            .ok_or(ParseError::StringEncoding {
                what: WHAT,
                string_type,
            })?;
        if text.contains('\0') {
            return Err(ParseError::EmbeddedNul { what: WHAT });
        }
        Ok(Self::Text { text, string_type })
    }
}

impl PartialEq for AttributeValue {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text { text, .. }, Self::Text { text: other, .. }) => text == other,
            (Self::Der(der), Self::Der(other)) => der == other,
            _ => false,
        }
    }
}

impl Eq for AttributeValue {}

impl Hash for AttributeValue {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Text { text, .. } => text.hash(state),
            Self::Der(der) => der.hash(state),
        }
    }
}

impl StringType {
    const ALL: [Self; 8] = [
        Self::Bmp,
        Self::Ia5,
        Self::Numeric,
        Self::Printable,
        Self::Teletex,
        Self::Universal,
        Self::Utf8,
        Self::Visible,
    ];

    /// The identifier octet (X.680 8.4).
    pub(super) fn tag(self) -> u8 {
        match self {
            Self::Bmp => 0x1e,
            Self::Ia5 => 0x16,
            Self::Numeric => 0x12,
            Self::Printable => 0x13,
            Self::Teletex => 0x14,
            Self::Universal => 0x1c,
            Self::Utf8 => 0x0c,
            Self::Visible => 0x1a,
        }
    }

    fn from_tag(tag: u8) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|string_type| string_type.tag() == tag)
    }

    fn decode(self, content: &[u8]) -> Option<String> {
        let text = match self {
            Self::Bmp => {
                let (units, rest) = content.as_chunks::<2>();
                let units = units.iter().copied().map(u16::from_be_bytes);
                let text: String = char::decode_utf16(units).collect::<Result<_, _>>().ok()?;
                rest.is_empty().then_some(text)?
            }
            Self::Universal => {
                let (points, rest) = content.as_chunks::<4>();
                let points = points.iter().copied().map(u32::from_be_bytes);
                let text: String = points.map(char::from_u32).collect::<Option<_>>()?;
                rest.is_empty().then_some(text)?
            }
            Self::Teletex => content.iter().copied().map(char::from).collect(),
            Self::Ia5 | Self::Numeric | Self::Printable | Self::Utf8 | Self::Visible => {
                str::from_utf8(content).ok()?.to_owned()
            }
        };
        Some(text)
    }

    /// Whether every character that the type has a place for is ASCII.
    fn is_ascii_subset(self) -> bool {
        matches!(
            self,
            Self::Ia5 | Self::Numeric | Self::Printable | Self::Visible
        )
    }

    /// The content octets for `text`, which the type must hold.
    pub(super) fn encode(self, text: &str) -> Cow<'_, [u8]> {
        match self {
            Self::Bmp => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            Self::Universal => text
                .chars()
                .flat_map(|c| u32::from(c).to_be_bytes())
                .collect(),
            Self::Teletex => text.chars().filter_map(|c| u8::try_from(c).ok()).collect(),
            Self::Ia5 | Self::Numeric | Self::Printable | Self::Utf8 | Self::Visible => {
                Cow::Borrowed(text.as_bytes())
            }
        }
    }

    /// Whether every character of `text` has a place in the type.
    fn holds(self, text: &str) -> bool {
        match self {
            Self::Bmp | Self::Universal | Self::Utf8 => true,
            Self::Ia5 => text.is_ascii(),
            Self::Numeric => text.bytes().all(|c| c.is_ascii_digit() || c == b' '),
            Self::Printable => text
                .bytes()
                .all(|c| c.is_ascii_alphanumeric() || b" '()+,-./:=?*&".contains(&c)),
            Self::Teletex => text.chars().all(|c| u32::from(c) <= 0xff),
            Self::Visible => text.bytes().all(|c| (b' '..=b'~').contains(&c)),
        }
    }
}

impl fmt::Display for StringType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bmp => "BMPString",
            Self::Ia5 => "IA5String",
            Self::Numeric => "NumericString",
            Self::Printable => "PrintableString",
            Self::Teletex => "TeletexString",
            Self::Universal => "UniversalString",
            Self::Utf8 => "UTF8String",
            Self::Visible => "VisibleString",
        })
    }
}

pub(super) const WHAT: &str = "attribute value";
