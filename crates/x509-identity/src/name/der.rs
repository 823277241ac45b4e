//! Names as DER (RFC 5280 4.1.2.4).

use ::der::{Encode, Length};
use const_oid::ObjectIdentifier;

use super::asked::Names;
use super::attribute_type;
use super::distinguished_name::DistinguishedName;
use super::rdn::{Attribute, Rdn};
use super::value::{AttributeValue, MAX_NAME_LEN, WHAT};
use crate::ParseError;
use crate::tlv::{self, Fields, OBJECT_IDENTIFIER, SEQUENCE, SET, Tlv};

impl DistinguishedName {
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
        // Name ::= SEQUENCE OF SET SIZE (1..MAX) OF AttributeTypeAndValue
        if bytes.len() > MAX_NAME_LEN {
            return Err(ParseError::TooLong {
                what: "name",
                len: bytes.len(),
                limit: MAX_NAME_LEN,
            });
        }
        let mut sequence = Fields::within(bytes, SEQUENCE, "name")?;
        let mut rdns = Vec::new();
        while !sequence.is_empty() {
            rdns.push(decode_rdn(sequence.required(SET)?.value, names)?);
        }
        Ok(Self { rdns })
    }

    /// The same name, each text in the string type that RFC 5280 has for its attribute, whatever type it came in: what
    /// [`builder`](Self::builder) makes of the same texts.
    #[must_use]
    pub fn in_proper_types(mut self) -> Self {
        for attribute in self.rdns.iter_mut().flat_map(|rdn| &mut rdn.attributes) {
            if let AttributeValue::Text { text, string_type } = &mut attribute.value {
                *string_type = attribute_type::proper_string(&attribute.oid, text);
            }
        }
        self
    }

    /// Encodes the name as DER.
    ///
    /// Values that were read keep the string type they had. Others are encoded as RFC 5280 A.1
    /// asks. countryName, serialNumber and dnQualifier become a PrintableString, domainComponent
    /// and emailAddress an IA5String. All others, and texts that those types cannot hold, become a
    /// UTF8String.
    pub fn to_der(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(ROOM);
        element(&mut out, SEQUENCE, |out| {
            for rdn in &self.rdns {
                element(out, SET, |out| encode_rdn(out, rdn));
            }
        });
        out
    }
}

fn decode_rdn(content: &[u8], names: Names) -> Result<Rdn, ParseError> {
    let mut set = Fields::new(content, "relative distinguished name")?;
    let mut attributes = Vec::with_capacity(1);
    while !set.is_empty() {
        attributes.push(decode_attribute(set.required(SEQUENCE)?.value, names)?);
    }
    Rdn::new(attributes)
}

fn decode_attribute(content: &[u8], names: Names) -> Result<Attribute, ParseError> {
    let mut fields = Fields::new(content, "attribute")?;
    let oid = fields.object_identifier()?;
    let value = fields.next()?;
    fields.finish()?;
    Ok(Attribute {
        oid,
        value: decode_value(&oid, value, names)?,
    })
}

fn decode_value(
    oid: &ObjectIdentifier,
    tlv: Tlv<'_>,
    names: Names,
) -> Result<AttributeValue, ParseError> {
    let read = AttributeValue::from_der(oid, tlv.tag, tlv.value, tlv.der);
    match (read, names) {
        (Err(_), Names::NotAsked) => Ok(AttributeValue::Der(tlv.der.into())),
        (read, _) => read,
    }
}

/// Reads the DER of one value of the attribute `oid`, as RFC 4514's `#` form spells it.
pub(super) fn decode_value_der(
    oid: &ObjectIdentifier,
    bytes: &[u8],
) -> Result<AttributeValue, ParseError> {
    decode_value(oid, tlv::decode(bytes, WHAT)?, Names::Asked)
}

fn encode_rdn(out: &mut Vec<u8>, rdn: &Rdn) {
    if let [only] = rdn.attributes.as_slice() {
        return encode_attribute(out, only);
    }
    let encoded = |attribute| {
        let mut out = Vec::new();
        encode_attribute(&mut out, attribute);
        out
    };
    let mut attributes: Vec<Vec<u8>> = rdn.attributes.iter().map(encoded).collect();
    // X.690 11.6: the elements of a SET OF ascend by their encodings.
    attributes.sort_unstable();
    out.extend(attributes.into_iter().flatten());
}

fn encode_attribute(out: &mut Vec<u8>, attribute: &Attribute) {
    element(out, SEQUENCE, |out| {
        let oid = attribute.oid.as_bytes();
        element(out, OBJECT_IDENTIFIER, |out| out.extend_from_slice(oid));
        append_value(out, &attribute.value);
    });
}

/// The DER of one value.
pub(super) fn encode_value(value: &AttributeValue) -> Vec<u8> {
    let mut out = Vec::new();
    append_value(&mut out, value);
    out
}

fn append_value(out: &mut Vec<u8>, value: &AttributeValue) {
    match value {
        AttributeValue::Der(der) => out.extend_from_slice(der),
        AttributeValue::Text { text, string_type } => {
            let content = string_type.encode(text);
            element(out, string_type.tag(), |out| {
                out.extend_from_slice(&content)
            });
        }
    }
}

/// Appends an element with the content that `content` appends. By its identifier octet, because `der::Tag` knows no
/// UniversalString.
fn element(out: &mut Vec<u8>, tag: u8, content: impl FnOnce(&mut Vec<u8>)) {
    out.push(tag);
    let start = out.len();
    content(out);
    let length = Length::try_from(out.len() - start).expect(BOUNDED);
    let mut buffer = [0; MAX_LENGTH_LEN];
    let length = length.encode_to_slice(&mut buffer).expect(BOUNDED);
    out.splice(start..start, length.iter().copied());
}

/// Octets for nearly every name, so that it is written without moving it.
const ROOM: usize = 256;

/// Octets that `der` encodes a length in, at most.
const MAX_LENGTH_LEN: usize = 5;

/// Why encoding cannot fail: `der` takes 256 MiB, and no constructor lets a name come near.
const BOUNDED: &str = "names are bounded by MAX_NAME_LEN";
