//! Everything that a file holds: keys and certificates, in the order of their bags.

use std::fmt;

use const_oid::ObjectIdentifier;
use zeroize::Zeroizing;

use super::attributes::BagAttributes;
use crate::asn1::oid;

/// The private keys and X.509 certificates of a PKCS#12 file.
///
/// CRL bags, secret bags and bags of unknown types are skipped without being decrypted. So are parts that are encrypted
/// to somebody's public key and not by the password.
#[derive(Debug, Default)]
pub struct Archive {
    pub(crate) certificates: Vec<ArchivedCertificate>,
    pub(crate) keys: Vec<ArchivedKey>,
    pub(crate) skipped: Vec<SkippedBag>,
}

impl Archive {
    /// The certificates, in the order of their bags.
    #[must_use]
    pub fn certificates(&self) -> &[ArchivedCertificate] {
        &self.certificates
    }

    /// The private keys, in the order of their bags.
    #[must_use]
    pub fn keys(&self) -> &[ArchivedKey] {
        &self.keys
    }

    /// The bags that were passed over unread, in their order.
    #[must_use]
    pub fn skipped(&self) -> &[SkippedBag] {
        &self.skipped
    }
}

/// A bag that was passed over unread: a CRL, a secret, or something that nobody knows.
#[derive(Clone, Debug)]
pub struct SkippedBag {
    pub(crate) attributes: BagAttributes,
    pub(crate) oid: ObjectIdentifier,
}

impl SkippedBag {
    /// The type of bag; or, in a certificate bag, the type of certificate that is not X.509.
    #[must_use]
    pub fn oid(&self) -> ObjectIdentifier {
        self.oid
    }

    /// `secretBag`, `crlBag`: what it is called, and its identifier where it has no name.
    #[must_use]
    pub fn kind(&self) -> String {
        match self.oid {
            oid::CRL_BAG => "crlBag".to_owned(),
            oid::SECRET_BAG => "secretBag".to_owned(),
            oid::SDSI_CERTIFICATE => "sdsiCertificate".to_owned(),
            other => pbe::oid::describe(&other),
        }
    }

    /// What the bag says of it.
    #[must_use]
    pub fn attributes(&self) -> &BagAttributes {
        &self.attributes
    }
}

/// A certificate and what its bag says of it.
#[derive(Debug)]
pub struct ArchivedCertificate {
    pub(crate) attributes: BagAttributes,
    pub(crate) der: Vec<u8>,
}

impl ArchivedCertificate {
    /// The certificate, in the bytes of the file.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// What the bag says of it.
    #[must_use]
    pub fn attributes(&self) -> &BagAttributes {
        &self.attributes
    }
}

/// A private key and what its bag says of it.
pub struct ArchivedKey {
    pub(crate) algorithm: ObjectIdentifier,
    pub(crate) attributes: BagAttributes,
    pub(crate) pkcs8: Zeroizing<Vec<u8>>,
}

impl ArchivedKey {
    /// What kind of key it is, such as `rsaEncryption`.
    #[must_use]
    pub fn algorithm(&self) -> ObjectIdentifier {
        self.algorithm
    }

    /// What the bag says of it.
    #[must_use]
    pub fn attributes(&self) -> &BagAttributes {
        &self.attributes
    }

    /// The key itself, as PKCS#8 DER.
    #[must_use]
    pub fn secret_pkcs8_der(&self) -> &[u8] {
        &self.pkcs8
    }
}

impl fmt::Debug for ArchivedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArchivedKey")
            .field("algorithm", &self.algorithm)
            .field("attributes", &self.attributes)
            .finish_non_exhaustive()
    }
}
