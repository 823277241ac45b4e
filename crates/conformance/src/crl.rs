//! CRLs, good and bad.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{
    ID_CE_AUTHORITY_KEY_IDENTIFIER, ID_CE_CRL_NUMBER, ID_CE_CRL_REASONS, ID_CE_DELTA_CRL_INDICATOR,
    ID_CE_ISSUING_DISTRIBUTION_POINT,
};
use der::asn1::{Any, Uint};
use der::{Decode, Sequence, Tag};
use spki::AlgorithmIdentifierOwned;
use time::{Duration, OffsetDateTime};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::IssuingDistributionPoint;
use x509_cert::ext::pkix::name::DistributionPointName;
use x509_cert::time::Time;

use crate::authority::Authority;
use crate::certificate::{moment, signed};
use crate::extension::{authority_key_id, extension};
use crate::key::{Hash, Key};
use crate::name::{decoded, uri};

/// `TBSCertList` (RFC 5280 section 5.1).
#[derive(Sequence)]
struct TbsCertList {
    #[asn1(optional = "true")]
    version: Option<u8>,
    signature: AlgorithmIdentifierOwned,
    issuer: Any,
    this_update: Time,
    #[asn1(optional = "true")]
    next_update: Option<Time>,
    #[asn1(optional = "true")]
    revoked_certificates: Option<Vec<Revoked>>,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    extensions: Option<Vec<Extension>>,
}

#[derive(Clone, Sequence)]
struct Revoked {
    serial: Any,
    date: Time,
    #[asn1(optional = "true")]
    extensions: Option<Vec<Extension>>,
}

/// A CRL before it is signed; every part of it may be wrong.
#[derive(Clone)]
pub(crate) struct CrlBuilder {
    version: Option<u8>,
    this_update: OffsetDateTime,
    next_update: Option<OffsetDateTime>,
    revoked: Option<Vec<Revoked>>,
    /// Without the issuer's key identifier, which is added unless one is here.
    extensions: Vec<Extension>,
    names_key: bool,
}

impl CrlBuilder {
    /// A complete CRL without an entry, number 1.
    pub(crate) fn new(now: OffsetDateTime) -> Self {
        Self {
            version: Some(1),
            this_update: now - Duration::hours(1),
            next_update: Some(now + Duration::days(1)),
            revoked: None,
            extensions: Vec::new(),
            names_key: true,
        }
        .number(1)
    }

    pub(crate) fn number(self, number: u32) -> Self {
        let number = Uint::new(&number.to_be_bytes()).unwrap();
        self.with(extension(ID_CE_CRL_NUMBER, false, &number))
    }

    pub(crate) fn with(mut self, extension: Extension) -> Self {
        self.extensions.retain(|e| e.extn_id != extension.extn_id);
        self.extensions.push(extension);
        self
    }

    pub(crate) fn without(mut self, oid: ObjectIdentifier) -> Self {
        self.extensions.retain(|e| e.extn_id != oid);
        self
    }

    pub(crate) fn valid(mut self, from: OffsetDateTime, to: Option<OffsetDateTime>) -> Self {
        self.this_update = from;
        self.next_update = to;
        self
    }

    /// Version 1, which has no extensions (RFC 5280 section 5.1.2.1).
    pub(crate) fn version_1(mut self) -> Self {
        self.version = None;
        self.extensions.clear();
        self
    }

    /// An empty revokedCertificates, where RFC 5280 5.1.2.6 wants none.
    pub(crate) fn empty_sequence(mut self) -> Self {
        self.revoked = Some(Vec::new());
        self
    }

    pub(crate) fn revoking(self, serial: &[u8]) -> Self {
        self.revoking_with(serial, None)
    }

    /// Revokes for a reason (RFC 5280 section 5.3.1).
    pub(crate) fn revoking_for(self, serial: &[u8], reason: u8) -> Self {
        let says = extension(ID_CE_CRL_REASONS, false, &self::reason(reason));
        self.revoking_with(serial, Some(says))
    }

    pub(crate) fn revoking_with(mut self, serial: &[u8], says: Option<Extension>) -> Self {
        let entry = Revoked {
            serial: Any::new(Tag::Integer, serial).unwrap(),
            date: moment(self.this_update - Duration::hours(1)),
            extensions: says.map(|says| vec![says]),
        };
        self.revoked.get_or_insert_default().push(entry);
        self
    }

    /// Without an authorityKeyIdentifier (RFC 5280 section 5.2.1).
    pub(crate) fn naming_no_key(mut self) -> Self {
        self.names_key = false;
        self
    }

    /// Changes to the CRL of this number (RFC 5280 section 5.2.4).
    pub(crate) fn delta(self, base: u8) -> Self {
        self.with(extension(ID_CE_DELTA_CRL_INDICATOR, true, &base))
    }

    /// With an issuingDistributionPoint (RFC 5280 section 5.2.5).
    pub(crate) fn scope(self, change: impl FnOnce(&mut IssuingDistributionPoint)) -> Self {
        let mut point = IssuingDistributionPoint {
            distribution_point: None,
            only_contains_user_certs: false,
            only_contains_ca_certs: false,
            only_some_reasons: None,
            indirect_crl: false,
            only_contains_attribute_certs: false,
        };
        change(&mut point);
        self.with(extension(ID_CE_ISSUING_DISTRIBUTION_POINT, true, &point))
    }

    pub(crate) fn by(&self, issuer: &Authority) -> Vec<u8> {
        self.by_key(&issuer.name, &issuer.key, issuer.hash)
    }

    pub(crate) fn by_key(&self, name: &[u8], key: &Key, hash: Hash) -> Vec<u8> {
        let mut extensions = self.extensions.clone();
        let has_id = |e: &Extension| e.extn_id == ID_CE_AUTHORITY_KEY_IDENTIFIER;
        if self.version.is_some() && self.names_key && !extensions.iter().any(has_id) {
            extensions.push(authority_key_id(&key.id()));
        }
        let tbs = TbsCertList {
            version: self.version,
            signature: key.algorithm(hash),
            issuer: Any::from_der(name).unwrap(),
            this_update: moment(self.this_update),
            next_update: self.next_update.map(moment),
            revoked_certificates: self.revoked.clone(),
            extensions: (!extensions.is_empty()).then_some(extensions),
        };
        signed(&tbs, key, hash)
    }
}

/// reasonCode
pub(crate) fn reason(code: u8) -> Any {
    Any::new(Tag::Enumerated, [code]).unwrap()
}

/// The distribution point of this address.
pub(crate) fn full_name(url: &str) -> Option<DistributionPointName> {
    Some(DistributionPointName::FullName(vec![decoded(&uri(url))]))
}
