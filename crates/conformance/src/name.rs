//! Distinguished names and general names, with any octets in them.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc3280::EMAIL_ADDRESS;
use const_oid::db::rfc4519::{COMMON_NAME, ORGANIZATION_NAME};
use der::asn1::Any;
use der::{Decode, Encode, Tag, TagNumber};
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::name::RelativeDistinguishedName;

/// The DER of a Name of one common name.
pub(crate) fn common_name(text: &str) -> Vec<u8> {
    name(&[&[(COMMON_NAME, text)]])
}

/// The DER of a Name of an organization and a common name in it.
pub(crate) fn member(organization: &str, common_name: &str) -> Vec<u8> {
    name(&[
        &[(ORGANIZATION_NAME, organization)],
        &[(COMMON_NAME, common_name)],
    ])
}

/// The DER of a Name, RDN by RDN, in UTF8String but for addresses (RFC 5280 A.1).
pub(crate) fn name(rdns: &[&[(ObjectIdentifier, &str)]]) -> Vec<u8> {
    let rdns: Vec<_> = rdns
        .iter()
        .map(|attributes| {
            rdn(attributes
                .iter()
                .map(|(oid, text)| (*oid, string_type(*oid), text.as_bytes())))
        })
        .collect();
    rdns.to_der().unwrap()
}

fn string_type(oid: ObjectIdentifier) -> Tag {
    if oid == EMAIL_ADDRESS {
        Tag::Ia5String
    } else {
        Tag::Utf8String
    }
}

/// The DER of a Name of one common name in any string type.
pub(crate) fn typed_common_name(tag: Tag, octets: &[u8]) -> Vec<u8> {
    vec![rdn([(COMMON_NAME, tag, octets)])].to_der().unwrap()
}

/// The Name without any RDN.
pub(crate) fn nobody() -> Vec<u8> {
    name(&[])
}

fn rdn<'a>(
    attributes: impl IntoIterator<Item = (ObjectIdentifier, Tag, &'a [u8])>,
) -> RelativeDistinguishedName {
    let mut rdn = RelativeDistinguishedName::default();
    for (oid, tag, octets) in attributes {
        let value = Any::new(tag, octets).unwrap();
        rdn.insert(AttributeTypeAndValue { oid, value }).unwrap();
    }
    rdn
}

/// A GeneralName (RFC 5280 section 4.2.1.6) of whatever octets.
pub(crate) type General = Any;

pub(crate) fn dns(text: &str) -> General {
    general(2, false, text.as_bytes())
}

pub(crate) fn email(text: &str) -> General {
    general(1, false, text.as_bytes())
}

pub(crate) fn uri(text: &str) -> General {
    general(6, false, text.as_bytes())
}

/// An address; in a constraint, address and mask.
pub(crate) fn ip(octets: &[u8]) -> General {
    general(7, false, octets)
}

pub(crate) fn directory(name: &[u8]) -> General {
    general(4, true, name)
}

fn general(number: u32, constructed: bool, content: &[u8]) -> General {
    let tag = Tag::ContextSpecific {
        constructed,
        number: TagNumber(number),
    };
    Any::new(tag, content).unwrap()
}

pub(crate) fn decoded(name: &General) -> GeneralName {
    GeneralName::from_der(&name.to_der().unwrap()).unwrap()
}
