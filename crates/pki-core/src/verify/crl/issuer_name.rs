//! By which name CRLs are looked up.

use x509_identity::{Certificate, DistinguishedName};

/// A name of a CA, equal to all that RFC 5280 section 7.1 takes for the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct IssuerName(Box<[u8]>);

impl IssuerName {
    /// That of a name in DER. One that cannot be read is the same as none but itself.
    pub(super) fn of_der(der: &[u8]) -> Self {
        match DistinguishedName::from_der(der) {
            Ok(name) => Self::of(&name),
            Err(_) => Self(der.into()),
        }
    }

    pub(super) fn of_issuer(certificate: &Certificate) -> Self {
        Self::of(certificate.issuer())
    }

    pub(super) fn of_subject(certificate: &Certificate) -> Self {
        Self::of(certificate.subject())
    }

    fn of(name: &DistinguishedName) -> Self {
        Self(name.matching_key().into())
    }
}
