//! Building a name.

use const_oid::ObjectIdentifier;
use const_oid::db::{rfc3280, rfc4519};

use super::distinguished_name::DistinguishedName;
use super::rdn::{Attribute, Rdn};
use super::value::MAX_NAME_LEN;
use crate::ParseError;

/// A name under construction, one attribute for each RDN, least specific first.
///
/// ```
/// # use x509_identity::DistinguishedName;
/// let name = DistinguishedName::builder()
///     .country("US")
///     .organization("Example")
///     .common_name("client1")
///     .build()?;
/// assert_eq!(name.to_string(), "CN=client1,O=Example,C=US");
/// # Ok::<(), x509_identity::ParseError>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct DistinguishedNameBuilder {
    rdns: Vec<Result<Rdn, ParseError>>,
}

impl DistinguishedName {
    /// Starts a name. Attributes come in the order of the encoding, least specific first.
    pub fn builder() -> DistinguishedNameBuilder {
        DistinguishedNameBuilder::default()
    }
}

impl DistinguishedNameBuilder {
    /// Appends an attribute of any type.
    pub fn attribute(mut self, oid: ObjectIdentifier, text: impl Into<String>) -> Self {
        let attribute = Attribute::new(oid, text);
        self.rdns
            .push(attribute.and_then(|attribute| Rdn::new(vec![attribute])));
        self
    }

    /// Appends an RDN as it is, for instance one of another name, or one with several attributes.
    pub fn rdn(mut self, rdn: Rdn) -> Self {
        self.rdns.push(Ok(rdn));
        self
    }

    /// Appends a countryName, by ISO 3166 two letters.
    pub fn country(self, text: impl Into<String>) -> Self {
        self.attribute(rfc4519::COUNTRY_NAME, text)
    }

    /// Appends a stateOrProvinceName.
    pub fn state(self, text: impl Into<String>) -> Self {
        self.attribute(rfc4519::ST, text)
    }

    /// Appends a localityName.
    pub fn locality(self, text: impl Into<String>) -> Self {
        self.attribute(rfc4519::LOCALITY_NAME, text)
    }

    /// Appends a domainComponent: one label of a domain, the top one first.
    pub fn domain_component(self, text: impl Into<String>) -> Self {
        self.attribute(rfc4519::DOMAIN_COMPONENT, text)
    }

    /// Appends an organizationName.
    pub fn organization(self, text: impl Into<String>) -> Self {
        self.attribute(rfc4519::ORGANIZATION_NAME, text)
    }

    /// Appends an organizationalUnitName.
    pub fn organizational_unit(self, text: impl Into<String>) -> Self {
        self.attribute(rfc4519::ORGANIZATIONAL_UNIT_NAME, text)
    }

    /// Appends a commonName.
    pub fn common_name(self, text: impl Into<String>) -> Self {
        self.attribute(rfc4519::COMMON_NAME, text)
    }

    /// Appends a serialNumber: of a device, not of a certificate.
    pub fn serial_number(self, text: impl Into<String>) -> Self {
        self.attribute(rfc4519::SERIAL_NUMBER, text)
    }

    /// Appends a userId.
    pub fn user_id(self, text: impl Into<String>) -> Self {
        self.attribute(rfc4519::UID, text)
    }

    /// Appends an emailAddress.
    pub fn email_address(self, text: impl Into<String>) -> Self {
        self.attribute(rfc3280::EMAIL_ADDRESS, text)
    }

    /// The name.
    ///
    /// # Errors
    ///
    /// [`ParseError::EmbeddedNul`] if a value contains a NUL; [`ParseError::TooLong`] if the
    /// values together are longer than [`MAX_NAME_LEN`].
    pub fn build(self) -> Result<DistinguishedName, ParseError> {
        let rdns = self.rdns.into_iter().collect::<Result<_, _>>()?;
        let name = DistinguishedName { rdns };
        let len = name
            .attributes()
            .map(|attribute| attribute.value().len())
            .sum();
        if len > MAX_NAME_LEN {
            return Err(ParseError::TooLong {
                what: "name",
                len,
                limit: MAX_NAME_LEN,
            });
        }
        Ok(name)
    }
}
