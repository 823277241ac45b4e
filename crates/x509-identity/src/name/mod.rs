//! Distinguished names: their structure, and who reads and writes it.

use std::fmt;
use std::str::FromStr;

use const_oid::ObjectIdentifier;
use const_oid::db::rfc4519;

mod attribute_type;
mod builder;
mod der;
mod matching;
mod rfc4514;
mod value;

pub use builder::DistinguishedNameBuilder;
pub use value::{AttributeValue, StringType};

pub(crate) use rfc4514::fmt_hex;

use crate::ParseError;
use crate::extension::Names;

/// The subject or the issuer of a certificate: a sequence of relative distinguished names.
///
/// `Display` writes RFC 4514, most specific first, and escapes beyond what the RFC demands every
/// character that could break or reorder a line of a log: controls, line separators and
/// bidirectional formatting. [`FromStr`] reads RFC 4514 back, so that
/// `name.to_string().parse()` gives an equal name.
///
/// Two names are equal if they have the same attributes with the same texts, character by
/// character, in the same RDNs. The string types that encode the texts, and the order inside an
/// RDN, which is a set, make no difference. [`matches`](Self::matches) is the wider comparison of
/// RFC 5280.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct DistinguishedName {
    rdns: Vec<Rdn>,
}

/// One relative distinguished name: a set of attributes, in practice nearly always one.
#[derive(Clone)]
pub struct Rdn {
    attributes: Vec<Attribute>,
}

/// One attribute of a name: its type and its value.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Attribute {
    oid: ObjectIdentifier,
    value: AttributeValue,
}

impl DistinguishedName {
    /// Starts a name. Attributes come in the order of the encoding, least specific first.
    pub fn builder() -> DistinguishedNameBuilder {
        DistinguishedNameBuilder::default()
    }

    /// Reads a DER Name.
    ///
    /// # Errors
    ///
    /// [`ParseError`] if the bytes are not exactly one Name of at most [`MAX_NAME_LEN`] bytes, or
    /// if a value does not decode as its string type or contains a NUL. A value in a string type that
    /// has no place for one of its characters, such as an IA5String beyond ASCII, is kept as
    /// [`AttributeValue::Der`].
    pub fn from_der(bytes: &[u8]) -> Result<Self, ParseError> {
        Self::parse(bytes, Names::Asked)
    }

    pub(crate) fn parse(bytes: &[u8], names: Names) -> Result<Self, ParseError> {
        der::decode_name(bytes, names)
    }

    /// Encodes the name as DER.
    ///
    /// Values that were read keep the string type they had. Others are encoded as RFC 5280 A.1
    /// asks: countryName, serialNumber and dnQualifier as PrintableString, domainComponent and
    /// emailAddress as IA5String, all else, and what those cannot hold, as UTF8String.
    pub fn to_der(&self) -> Vec<u8> {
        der::encode_name(self)
    }

    /// The relative distinguished names in the order of the encoding, most specific last.
    pub fn rdns(&self) -> &[Rdn] {
        &self.rdns
    }

    /// Whether the name has no RDN at all, which RFC 5280 allows for subjects.
    pub fn is_empty(&self) -> bool {
        self.rdns.is_empty()
    }

    /// All attributes in the order of the encoding.
    pub fn attributes(&self) -> impl DoubleEndedIterator<Item = &Attribute> {
        self.rdns.iter().flat_map(|rdn| &rdn.attributes)
    }

    /// The texts of all attributes of type `oid`, in the order of the encoding.
    pub fn texts(&self, oid: ObjectIdentifier) -> impl DoubleEndedIterator<Item = &str> {
        self.attributes()
            .filter(move |attribute| attribute.oid == oid)
            .filter_map(Attribute::text)
    }

    /// The most specific common name: `John` in `CN=John,CN=Users,DC=example`.
    pub fn common_name(&self) -> Option<&str> {
        self.texts(rfc4519::COMMON_NAME).next_back()
    }

    /// The most specific organization.
    pub fn organization(&self) -> Option<&str> {
        self.texts(rfc4519::ORGANIZATION_NAME).next_back()
    }

    /// All organizational units, in the order of the encoding.
    pub fn organizational_units(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.texts(rfc4519::ORGANIZATIONAL_UNIT_NAME)
    }

    /// The most specific country.
    pub fn country(&self) -> Option<&str> {
        self.texts(rfc4519::COUNTRY_NAME).next_back()
    }
}

impl FromStr for DistinguishedName {
    type Err = ParseError;

    /// Reads RFC 4514. Types are the names that `Display` writes and their long forms, in any
    /// case, or dotted identifiers; spaces before a type are passed over.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        rfc4514::parse(text)
    }
}

impl fmt::Display for DistinguishedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        rfc4514::fmt_name(self, f)
    }
}

impl fmt::Debug for DistinguishedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DistinguishedName({self})")
    }
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
        // The order is no part of the value. The type of the smallest attribute is the same in
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

impl fmt::Display for Rdn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        rfc4514::fmt_rdn(self, f)
    }
}

impl fmt::Debug for Rdn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rdn({self})")
    }
}

impl Attribute {
    /// A text attribute, to be encoded as [`DistinguishedName::to_der`] says.
    ///
    /// # Errors
    ///
    /// [`ParseError::EmbeddedNul`] if `text` contains a NUL, [`ParseError::TooLong`] if it is
    /// longer than [`MAX_NAME_LEN`].
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

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        rfc4514::fmt_attribute(self, f)
    }
}

impl fmt::Debug for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attribute({self})")
    }
}

/// The longest name that is read or built, in bytes of values or of DER.
pub const MAX_NAME_LEN: usize = 64 * 1024;

/// Far above the two or three that exist; comparing sets is quadratic.
const MAX_RDN_ATTRIBUTES: usize = 64;
