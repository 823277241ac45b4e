//! The values of attributes.

use std::hash::{Hash, Hasher};

use const_oid::ObjectIdentifier;

use super::attribute_type;
use super::string_type::StringType;
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

impl AttributeValue {
    /// Text in the string type that `oid` prefers, if that can hold it, or else UTF8String.
    pub(super) fn text(oid: ObjectIdentifier, text: String) -> Result<Self, ParseError> {
        let what = what(&oid);
        if text.len() > MAX_NAME_LEN {
            return Err(ParseError::TooLong {
                what,
                len: text.len(),
                limit: MAX_NAME_LEN,
            });
        }
        if text.contains('\0') {
            return Err(ParseError::EmbeddedNul { what });
        }
        let string_type = attribute_type::proper_string(&oid, &text);
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

    /// Reads a value of the attribute `oid` with identifier octet `tag`; `der` is the whole of it.
    pub(super) fn from_der(
        oid: &ObjectIdentifier,
        tag: u8,
        content: &[u8],
        der: &[u8],
    ) -> Result<Self, ParseError> {
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
                what: what(oid),
                string_type,
            })?;
        if text.contains('\0') {
            return Err(ParseError::EmbeddedNul { what: what(oid) });
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

/// What a sentence about a value calls it: the attribute's name, where it has one.
fn what(oid: &ObjectIdentifier) -> &'static str {
    attribute_type::short_name(oid).unwrap_or(WHAT)
}

pub(super) const WHAT: &str = "attribute value";

/// The longest name that is read or built, in bytes of values or of DER.
pub const MAX_NAME_LEN: usize = 64 * 1024;
