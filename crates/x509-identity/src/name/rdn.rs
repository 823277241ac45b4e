//! The parts of a name: relative distinguished names and their attributes.

use std::fmt;

use const_oid::ObjectIdentifier;

use super::attribute_type;
use super::value::AttributeValue;
use crate::ParseError;

/// One relative distinguished name: a set of attributes, in practice nearly always one.
#[derive(Clone)]
pub struct Rdn {
    pub(super) attributes: Vec<Attribute>,
}

/// One attribute of a name: its type and its value.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Attribute {
    pub(super) oid: ObjectIdentifier,
    pub(super) value: AttributeValue,
}

impl Rdn {
    /// Joins attributes to one RDN.
    ///
    /// # Errors
    ///
    /// [`ParseError::Empty`], [`ParseError::TooMany`] above 64, and
    /// [`ParseError::DuplicateAttribute`] if two are equal.
    pub fn new(attributes: Vec<Attribute>) -> Result<Self, ParseError> {
        if attributes.is_empty() {
            return Err(ParseError::Empty {
                what: "relative distinguished name",
            });
        }
        if attributes.len() > MAX_RDN_ATTRIBUTES {
            let what = "attributes in one relative distinguished name";
            return Err(ParseError::TooMany {
                what,
                limit: MAX_RDN_ATTRIBUTES,
            });
        }
        for (index, attribute) in attributes.iter().enumerate() {
            if attributes
                .iter()
                .skip(index + 1)
                .any(|other| other == attribute)
            {
                return Err(ParseError::DuplicateAttribute(attribute.oid));
            }
        }
        Ok(Self { attributes })
    }

    /// The attributes, never none, in the order in which they were read.
    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }
}

impl PartialEq for Rdn {
    fn eq(&self, other: &Self) -> bool {
        // Neither side repeats an attribute, so equal sizes and inclusion make equal sets.
        self.attributes.len() == other.attributes.len()
            && self
                .attributes
                .iter()
                .all(|attribute| other.attributes.contains(attribute))
    }
}

impl Eq for Rdn {}

impl std::hash::Hash for Rdn {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        // The order is not part of the value. The type of the smallest attribute is the same in
        // every order, and names that differ beyond it are rare enough to share a bucket.
        self.attributes.len().hash(state);
        if let [only] = self.attributes.as_slice() {
            only.hash(state);
        } else {
            self.attributes
                .iter()
                .map(|attribute| attribute.oid)
                .min()
                .hash(state);
        }
    }
}

impl fmt::Debug for Rdn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rdn({self})")
    }
}

impl Attribute {
    /// A text attribute, to be encoded as [`DistinguishedName::to_der`](super::DistinguishedName::to_der) says.
    ///
    /// # Errors
    ///
    /// [`ParseError::EmbeddedNul`] if `text` contains a NUL, [`ParseError::TooLong`] if it is
    /// longer than [`MAX_NAME_LEN`](super::MAX_NAME_LEN).
    pub fn new(oid: ObjectIdentifier, text: impl Into<String>) -> Result<Self, ParseError> {
        let value = AttributeValue::text(oid, text.into())?;
        Ok(Self { oid, value })
    }

    /// The attribute's type.
    pub fn oid(&self) -> ObjectIdentifier {
        self.oid
    }

    /// The short name of the type, such as `CN`, if it has a registered one.
    pub fn short_name(&self) -> Option<&'static str> {
        attribute_type::short_name(&self.oid)
    }

    /// The type that a short or long name stands for, in any case: `CN`, `commonName`.
    pub fn type_named(name: &str) -> Option<ObjectIdentifier> {
        attribute_type::by_name(name)
    }

    /// The short name of a type, if it has a registered one: the inverse of [`type_named`](Self::type_named).
    pub fn name_of_type(oid: &ObjectIdentifier) -> Option<&'static str> {
        attribute_type::short_name(oid)
    }

    /// The attribute's value.
    pub fn value(&self) -> &AttributeValue {
        &self.value
    }

    /// The value if it is text.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            AttributeValue::Text { text, .. } => Some(text),
            AttributeValue::Der(_) => None,
        }
    }
}

impl fmt::Debug for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attribute({self})")
    }
}

/// Far above the two or three that exist; comparing sets is quadratic.
const MAX_RDN_ATTRIBUTES: usize = 64;
