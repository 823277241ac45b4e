//! The structure of a name.

use std::fmt;

use const_oid::ObjectIdentifier;
use const_oid::db::rfc4519;

use super::rdn::{Attribute, Rdn};

/// The subject or the issuer of a certificate: a sequence of relative distinguished names.
///
/// `Display` writes RFC 4514, most specific first. It also escapes every character that could break
/// or reorder a line of a log, which the RFC does not demand: controls, line separators and
/// bidirectional formatting. [`FromStr`](std::str::FromStr) reads RFC 4514 back, so that
/// `name.to_string().parse()` gives an equal name.
///
/// Two names are equal if they have the same attributes with the same texts, character by
/// character, in the same RDNs. The string types that encode the texts, and the order inside an
/// RDN, which is a set, make no difference.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct DistinguishedName {
    pub(super) rdns: Vec<Rdn>,
}

impl DistinguishedName {
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
        self.rdns.iter().flat_map(Rdn::attributes)
    }

    /// The texts of all attributes of type `oid`, in the order of the encoding.
    pub fn texts(&self, oid: ObjectIdentifier) -> impl DoubleEndedIterator<Item = &str> {
        self.attributes()
            .filter(move |attribute| attribute.oid() == oid)
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

impl fmt::Debug for DistinguishedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DistinguishedName({self})")
    }
}
