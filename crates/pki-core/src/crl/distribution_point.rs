//! Which certificates of its issuer a CRL is for (RFC 5280 section 5.2.5).

use const_oid::db::rfc5280::ID_CE_CRL_DISTRIBUTION_POINTS;
use der::asn1::AnyRef;
use der::{Decode, Encode, Tag, TagNumber, Tagged};
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};
use x509_cert::ext::pkix::{CrlDistributionPoints, IssuingDistributionPoint};
use x509_identity::Certificate;

use super::error::CrlError;
use crate::asn1::uri;

/// The issuingDistributionPoint extension of a CRL (RFC 5280 section 5.2.5).
#[derive(Debug)]
pub(crate) struct DistributionPoint {
    /// The extension's value, which tells one shard of an issuer from another.
    pub(crate) der: Vec<u8>,
    pub(crate) covers: CrlScope,
    /// The DER of each GeneralName of its fullName; `None` where it has no name at all.
    pub(crate) names: Option<Vec<Vec<u8>>>,
}

/// Which certificates of the issuer a CRL covers (RFC 5280 section 5.2.5).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum CrlScope {
    /// All of them.
    All,
    /// Those of CAs: onlyContainsCACerts.
    CaCertificates,
    /// Those of leaves: onlyContainsUserCerts.
    LeafCertificates,
}

impl DistributionPoint {
    /// Returns also whether the CRL is for some revocation reasons only.
    pub(crate) fn read(value: &[u8]) -> Result<(Self, bool), CrlError> {
        let point = IssuingDistributionPoint::from_der(value)?;
        if point.indirect_crl {
            return Err(CrlError::Indirect);
        }
        if point.only_contains_attribute_certs {
            return Err(CrlError::AttributeCertificates);
        }
        let covers = match (point.only_contains_user_certs, point.only_contains_ca_certs) {
            (false, false) => CrlScope::All,
            (false, true) => CrlScope::CaCertificates,
            (true, false) => CrlScope::LeafCertificates,
            (true, true) => return Err(CrlError::Contradiction),
        };
        let names = match point.distribution_point {
            None => None,
            Some(DistributionPointName::FullName(names)) => {
                Some(names.iter().map(Encode::to_der).collect::<Result<_, _>>()?)
            }
            Some(DistributionPointName::NameRelativeToCRLIssuer(_)) => {
                return Err(CrlError::RelativeDistributionPoint);
            }
        };
        let read = Self {
            der: value.to_vec(),
            covers,
            names,
        };
        Ok((read, point.only_some_reasons.is_some()))
    }

    /// The URLs of its fullName, in its order.
    pub(crate) fn urls(&self) -> impl Iterator<Item = String> + '_ {
        let names = self.names.iter().flatten();
        names.filter_map(|name| uri(GeneralName::from_der(name).ok()?))
    }

    /// Whether the CRL is for `certificate`, which is a CA's or a user's.
    pub(crate) fn holds(&self, certificate: &Certificate, role: CrlScope) -> bool {
        if self.covers != CrlScope::All && self.covers != role {
            return false;
        }
        let Some(names) = &self.names else {
            return true;
        };
        // RFC 5280 6.3.3 (b)(2)(i), and for a certificate that names no distribution point, or none of
        // these, as at the end of 6.3.3: its issuer's name takes the place of one.
        let own = distribution_points(certificate);
        names
            .iter()
            .any(|name| own.contains(name) || is_directory_name(name, certificate.issuer_der()))
    }
}

/// The DER of each GeneralName of the certificate's distribution points.
fn distribution_points(certificate: &Certificate) -> Vec<Vec<u8>> {
    certificate
        .extension(ID_CE_CRL_DISTRIBUTION_POINTS)
        .and_then(|extension| CrlDistributionPoints::from_der(extension.value).ok())
        .into_iter()
        .flat_map(|points| points.0)
        .filter_map(|point| match point.distribution_point {
            Some(DistributionPointName::FullName(names)) => Some(names),
            _ => None,
        })
        .flatten()
        .filter_map(|name| name.to_der().ok())
        .collect()
}

/// Whether a GeneralName is the directoryName `name`.
fn is_directory_name(general_name: &[u8], name: &[u8]) -> bool {
    let read = AnyRef::from_der(general_name);
    read.is_ok_and(|read| read.tag() == DIRECTORY_NAME && read.value() == name)
}

const DIRECTORY_NAME: Tag = Tag::ContextSpecific {
    constructed: true,
    number: TagNumber(4),
};
