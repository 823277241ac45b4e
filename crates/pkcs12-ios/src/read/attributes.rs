//! The attributes of a bag.

use der::asn1::{BmpString, OctetStringRef};
use x509_cert::attr::Attributes;

use super::error::ReadError;
use super::limits::Limits;
use super::place::Limit;
use crate::asn1::oid;

/// What a bag says of its content (RFC 7292 section 4.2).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct BagAttributes {
    pub(crate) friendly_name: Option<String>,
    pub(crate) local_key_id: Option<Vec<u8>>,
}

impl BagAttributes {
    /// The name that a user sees (RFC 2985 section 5.5.1).
    #[must_use]
    pub fn friendly_name(&self) -> Option<&str> {
        self.friendly_name.as_deref()
    }

    /// What a key and its certificate have in common (RFC 2985 section 5.5.2).
    #[must_use]
    pub fn local_key_id(&self) -> Option<&[u8]> {
        self.local_key_id.as_deref()
    }

    pub(crate) fn read(attributes: Option<Attributes>, limits: &Limits) -> Result<Self, ReadError> {
        let mut read = Self::default();
        let Some(attributes) = attributes else {
            return Ok(read);
        };
        limits.check(Limit::Attributes, limits.attributes, attributes.len())?;
        for attribute in attributes.iter() {
            let Some(value) = attribute.values.get(0) else {
                continue;
            };
            match attribute.oid {
                // Both are hints for people and pairing; one of another type is as good as none.
                oid::FRIENDLY_NAME => {
                    read.friendly_name = value.decode_as::<BmpString>().ok().map(|s| s.to_string());
                }
                oid::LOCAL_KEY_ID => {
                    let id = value.decode_as::<&OctetStringRef>().ok();
                    read.local_key_id = id.map(|id| id.as_bytes().to_vec());
                }
                _ => {}
            }
        }
        Ok(read)
    }
}
