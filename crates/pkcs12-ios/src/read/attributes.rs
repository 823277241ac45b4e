//! The attributes of a bag.

use const_oid::ObjectIdentifier;
use der::asn1::{AnyRef, OctetStringRef};
use der::{Decode, Encode, Tag, Tagged};
use x509_cert::attr::Attributes;

use super::error::ReadError;
use super::limits::Limits;
use super::place::{Limit, Place};
use crate::asn1::oid;

/// What a bag says of its content (RFC 7292 section 4.2).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct BagAttributes {
    pub(crate) friendly_name: Option<String>,
    pub(crate) local_key_id: Option<Vec<u8>>,
    pub(crate) others: Vec<OtherAttribute>,
    pub(crate) faults: Vec<AttributeFault>,
}

/// An attribute that pairs nothing and names nothing: the provider of a Windows key, what Java trusts a certificate for.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct OtherAttribute {
    /// Its type.
    pub oid: ObjectIdentifier,
    /// Its values, each in DER.
    pub values: Vec<Vec<u8>>,
}

impl OtherAttribute {
    /// What it is called, with its identifier.
    #[must_use]
    pub fn kind(&self) -> String {
        // Microsoft's and Java's are in no register.
        let name = match self.oid {
            MICROSOFT_CSP_NAME => "Microsoft CSP name",
            MICROSOFT_LOCAL_KEY_SET => "Microsoft local key set",
            JAVA_TRUSTED_KEY_USAGE => "Java trusted key usage",
            other => return pbe::oid::describe(&other),
        };
        format!("{name} ({})", self.oid)
    }

    /// The text of its first value, where that is a string.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        let first = self.values.first()?;
        text(AnyRef::from_der(first).ok()?)
    }
}

/// What of a friendlyName or a localKeyID is not as RFC 2985 says: most readers pass it over, and some refuse the file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum AttributeFault {
    /// A localKeyID that is not an OCTET STRING.
    KeyIdNotOctets,
    /// A friendlyName that is text of another type than BMPString, or no text.
    NameNotBmp,
    /// A friendlyName or a localKeyID with no value, or with several.
    NotOneValue,
}

impl BagAttributes {
    /// The name that a user sees (RFC 2985 section 5.5.1), without the NUL that some writers end it with.
    ///
    /// It may be any text. Show it as what somebody else wrote.
    #[must_use]
    pub fn friendly_name(&self) -> Option<&str> {
        self.friendly_name.as_deref()
    }

    /// What a key and its certificate have in common (RFC 2985 section 5.5.2).
    #[must_use]
    pub fn local_key_id(&self) -> Option<&[u8]> {
        self.local_key_id.as_deref()
    }

    /// All other attributes, in their order.
    #[must_use]
    pub fn others(&self) -> &[OtherAttribute] {
        &self.others
    }

    /// What is wrong with the first two.
    #[must_use]
    pub fn faults(&self) -> &[AttributeFault] {
        &self.faults
    }

    pub(crate) fn read(attributes: Option<Attributes>, limits: &Limits) -> Result<Self, ReadError> {
        let mut read = Self::default();
        let Some(attributes) = attributes else {
            return Ok(read);
        };
        limits.check(Limit::Attributes, limits.attributes, attributes.len())?;
        for attribute in attributes.iter() {
            let known = [oid::FRIENDLY_NAME, oid::LOCAL_KEY_ID].contains(&attribute.oid);
            if known && attribute.values.len() != 1 {
                read.faults.push(AttributeFault::NotOneValue);
            }
            let first = attribute.values.get(0).map(AnyRef::from);
            match (attribute.oid, first) {
                (oid::FRIENDLY_NAME, Some(value)) => read.read_name(value),
                (oid::LOCAL_KEY_ID, Some(value)) => {
                    let id = value.decode_as::<&OctetStringRef>().ok();
                    if id.is_none() {
                        read.faults.push(AttributeFault::KeyIdNotOctets);
                    }
                    read.local_key_id = id.map(|id| id.as_bytes().to_vec());
                }
                (oid, _) if !known => {
                    let values = attribute.values.iter().map(Encode::to_der);
                    let values = values.collect::<Result<_, _>>();
                    let values = values.map_err(ReadError::malformed(Place::SafeContents))?;
                    read.others.push(OtherAttribute { oid, values });
                }
                _ => {}
            }
        }
        Ok(read)
    }

    fn read_name(&mut self, value: AnyRef<'_>) {
        if value.tag() != Tag::BmpString {
            self.faults.push(AttributeFault::NameNotBmp);
        }
        let name = text(value).map(|name| name.trim_end_matches('\0').to_owned());
        self.friendly_name = name;
    }
}

/// The text of a string, of whichever type. What is not a character becomes U+FFFD.
fn text(value: AnyRef<'_>) -> Option<String> {
    let octets = value.value();
    match value.tag() {
        // RFC 2985 has the characters of the Basic Multilingual Plane; writers put UTF-16 here (emoji).
        Tag::BmpString => {
            let (units, odd) = octets.as_chunks::<2>();
            let units = units.iter().map(|unit| u16::from_be_bytes(*unit));
            let mut text: String = char::decode_utf16(units)
                .map(|decoded| decoded.unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect();
            text.extend((!odd.is_empty()).then_some(char::REPLACEMENT_CHARACTER));
            Some(text)
        }
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::VisibleString => {
            Some(String::from_utf8_lossy(octets).into_owned())
        }
        // T.61 as it is used: Latin-1.
        Tag::TeletexString => Some(octets.iter().map(|octet| char::from(*octet)).collect()),
        _ => None,
    }
}

const MICROSOFT_CSP_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.17.1");
const MICROSOFT_LOCAL_KEY_SET: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.17.2");
const JAVA_TRUSTED_KEY_USAGE: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("2.16.840.1.113894.746875.1.1");

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test says what it expects by unwrapping it"
    )]

    use der::asn1::{Any, SetOfVec};
    use x509_cert::attr::Attribute;

    use super::*;

    fn read(attributes: Vec<(ObjectIdentifier, Vec<&[u8]>)>) -> BagAttributes {
        let attributes = attributes.into_iter().map(|(oid, values)| Attribute {
            oid,
            values: SetOfVec::from_iter(values.into_iter().map(|der| Any::from_der(der).unwrap()))
                .unwrap(),
        });
        let attributes = SetOfVec::from_iter(attributes).unwrap();
        BagAttributes::read(Some(attributes), &Limits::default()).unwrap()
    }

    #[test]
    fn names_of_each_form_are_read() {
        use AttributeFault::NameNotBmp;
        for (der, name, fault) in [
            (&[30, 2, 0, b'a'][..], Some("a"), None),
            (&[30, 4, 0, b'a', 0, 0], Some("a"), None),
            (&[30, 4, 0xD8, 0x3D, 0xDD, 0x11], Some("🔑"), None),
            (&[30, 4, 0, b'a', 0xD8, 0x3D], Some("a\u{FFFD}"), None),
            (&[30, 3, 0, b'a', 0], Some("a\u{FFFD}"), None),
            (&[12, 2, 0xC3, 0x85], Some("Å"), Some(NameNotBmp)),
            (&[19, 1, b'a'], Some("a"), Some(NameNotBmp)),
            (&[20, 1, 0xC5], Some("Å"), Some(NameNotBmp)),
            (&[2, 1, 5], None, Some(NameNotBmp)),
        ] {
            let read = read(vec![(oid::FRIENDLY_NAME, vec![der])]);
            assert_eq!(read.friendly_name(), name, "{der:?}");
            assert_eq!(read.faults(), fault.as_slice(), "{der:?}");
        }
    }

    #[test]
    fn what_is_odd_is_said_and_the_rest_is_kept() {
        let provider = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.17.1");
        let odd = read(vec![
            (oid::LOCAL_KEY_ID, vec![&[2, 1, 5]]),
            (provider, vec![&[12, 1, b'x'], &[30, 2, 0, b'x']]),
        ]);
        assert_eq!(odd.local_key_id(), None);
        assert_eq!(odd.faults(), [AttributeFault::KeyIdNotOctets]);
        let [other] = odd.others() else {
            unreachable!("one other attribute")
        };
        assert_eq!((other.oid, other.values.len()), (provider, 2));
        assert_eq!(other.kind(), "Microsoft CSP name (1.3.6.1.4.1.311.17.1)");
        assert_eq!(other.text().as_deref(), Some("x"));
        let several = read(vec![(oid::LOCAL_KEY_ID, vec![&[4, 1, 1], &[4, 1, 2]])]);
        assert_eq!(several.faults(), [AttributeFault::NotOneValue]);
        assert_eq!(several.local_key_id(), Some(&[1][..]));
        let none = read(vec![(oid::LOCAL_KEY_ID, vec![])]);
        assert_eq!(none.faults(), [AttributeFault::NotOneValue]);
    }
}
