//! Names as DER (RFC 5280 4.1.2.4).

use ::der::asn1::AnyRef;
use ::der::{Encode, Length, Tag};

use super::asked::Names;
use super::distinguished_name::DistinguishedName;
use super::rdn::{Attribute, Rdn};
use super::value::{AttributeValue, MAX_NAME_LEN, WHAT};
use crate::ParseError;
use crate::tlv::{self, Fields, SEQUENCE, SET, Tlv};

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

    /// Encodes the name as DER.
    ///
    /// Values that were read keep the string type they had. Others are encoded as RFC 5280 A.1
    /// asks. countryName, serialNumber and dnQualifier become a PrintableString, domainComponent
    /// and emailAddress an IA5String. All others, and texts that those types cannot hold, become a
    /// UTF8String.
    pub fn to_der(&self) -> Vec<u8> {
        let rdns: Vec<u8> = self.rdns.iter().flat_map(encode_rdn).collect();
        element(Tag::Sequence, &rdns)
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
        value: decode_value(value, names)?,
    })
}

fn decode_value(tlv: Tlv<'_>, names: Names) -> Result<AttributeValue, ParseError> {
    match (AttributeValue::from_der(tlv.tag, tlv.value, tlv.der), names) {
        (Err(_), Names::NotAsked) => Ok(AttributeValue::Der(tlv.der.into())),
        (read, _) => read,
    }
}

/// Reads the DER of one value, as RFC 4514's `#` form spells it.
pub(super) fn decode_value_der(bytes: &[u8]) -> Result<AttributeValue, ParseError> {
    decode_value(tlv::decode(bytes, WHAT)?, Names::Asked)
}

fn encode_rdn(rdn: &Rdn) -> Vec<u8> {
    let mut attributes: Vec<Vec<u8>> = rdn.attributes.iter().map(encode_attribute).collect();
    // X.690 11.6: the elements of a SET OF ascend by their encodings.
    attributes.sort_unstable();
    element(Tag::Set, &attributes.concat())
}

fn encode_attribute(attribute: &Attribute) -> Vec<u8> {
    let oid = element(Tag::ObjectIdentifier, attribute.oid.as_bytes());
    element(
        Tag::Sequence,
        &[oid, encode_value(&attribute.value)].concat(),
    )
}

/// The DER of one value.
pub(super) fn encode_value(value: &AttributeValue) -> Vec<u8> {
    match value {
        AttributeValue::Der(der) => der.to_vec(),
        AttributeValue::Text { text, string_type } => {
            let content = string_type.encode(text);
            // Not `element`, because `der::Tag` knows no UniversalString.
            let length = Length::try_from(content.len()).and_then(|length| length.to_der());
            let length = length.expect(BOUNDED);
            [&[string_type.tag()], length.as_slice(), content.as_ref()].concat()
        }
    }
}

fn element(tag: Tag, content: &[u8]) -> Vec<u8> {
    AnyRef::new(tag, content)
        .and_then(|any| any.to_der())
        .expect(BOUNDED)
}

/// Why encoding cannot fail: `der` takes 256 MiB, and no constructor lets a name come near.
const BOUNDED: &str = "names are bounded by MAX_NAME_LEN";
