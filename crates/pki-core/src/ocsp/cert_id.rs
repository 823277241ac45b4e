//! Naming a certificate to its responder.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5912::{ID_SHA_1, ID_SHA_256};
use der::asn1::{Any, Int, OctetString};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use spki::AlgorithmIdentifierOwned;
use x509_identity::Certificate;

use super::asn1::CertId;
use crate::verify::signature::key_bits;

/// How a question names the issuer of its certificate. Answers that use either are understood.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CertIdHash {
    /// SHA-1, which every responder knows (RFC 5019 section 2.1.1). It finds the certificate; nothing rests
    /// on it being free of collisions, since issuer and serial number are those of a verified path.
    #[default]
    Sha1,
    /// SHA-256, which some responders do not know.
    Sha256,
}

impl CertIdHash {
    fn of(oid: ObjectIdentifier) -> Option<Self> {
        match oid {
            ID_SHA_1 => Some(Self::Sha1),
            ID_SHA_256 => Some(Self::Sha256),
            _ => None,
        }
    }

    fn oid(self) -> ObjectIdentifier {
        match self {
            Self::Sha1 => ID_SHA_1,
            Self::Sha256 => ID_SHA_256,
        }
    }

    fn digest(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => Sha1::digest(bytes).to_vec(),
            Self::Sha256 => Sha256::digest(bytes).to_vec(),
        }
    }
}

impl CertId {
    /// The name of a certificate that `issuer` issued.
    pub(super) fn new(
        hash: CertIdHash,
        issuer: &Certificate,
        certificate: &Certificate,
    ) -> der::Result<Self> {
        Ok(Self {
            hash_algorithm: AlgorithmIdentifierOwned {
                oid: hash.oid(),
                // Absent would be right, too, but OpenSSL and most responders write NULL, and some compare.
                parameters: Some(Any::null()),
            },
            issuer_name_hash: OctetString::new(hash.digest(certificate.issuer_der()))?,
            issuer_key_hash: OctetString::new(hash.digest(key_bits(issuer.spki_der())?))?,
            serial_number: Int::new(certificate.serial().as_bytes())?,
        })
    }

    /// Whether this names `certificate`, which `issuer` issued.
    ///
    /// RFC 6960 section 4.1.1: the name is the one in the certificate. Where the issuer's own is written
    /// otherwise, responders answer with that, too.
    pub(super) fn names(&self, issuer: &Certificate, certificate: &Certificate) -> bool {
        self.serial_number.as_bytes() == certificate.serial().as_bytes()
            && (self.is_of(issuer.subject_der(), issuer)
                || self.is_of(certificate.issuer_der(), issuer))
    }

    /// Whether this names a certificate that `issuer`, under this name, issued.
    pub(super) fn is_of(&self, name_der: &[u8], issuer: &Certificate) -> bool {
        let Some(hash) = CertIdHash::of(self.hash_algorithm.oid) else {
            return false;
        };
        let Ok(key) = key_bits(issuer.spki_der()) else {
            return false;
        };
        self.issuer_name_hash.as_bytes() == hash.digest(name_der)
            && self.issuer_key_hash.as_bytes() == hash.digest(key)
    }
}

/// The KeyHash of a responder (RFC 6960 section 4.2.1): SHA-1 always.
pub(super) fn key_hash(certificate: &Certificate) -> Option<[u8; 20]> {
    key_bits(certificate.spki_der())
        .ok()
        .map(|key| Sha1::digest(key).into())
}
