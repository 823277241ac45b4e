//! The hash functions of PKCS#12 files, by each of their names.

use aws_lc_rs::{digest, hmac};
use const_oid::ObjectIdentifier;

use crate::asn1::oid;

/// A hash function that is read. SHA-1 is there for what exists and for devices that take no other.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Digest {
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl Digest {
    const ALL: [Self; 5] = [
        Self::Sha1,
        Self::Sha224,
        Self::Sha256,
        Self::Sha384,
        Self::Sha512,
    ];

    /// The function named by an identifier of the hash itself.
    pub(crate) fn of_hash(oid: ObjectIdentifier) -> Option<Self> {
        Self::ALL.into_iter().find(|digest| digest.oid() == oid)
    }

    /// The function named by an identifier of the HMAC made of it.
    pub(crate) fn of_hmac(oid: ObjectIdentifier) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|digest| digest.hmac_oid() == oid)
    }

    pub(crate) fn oid(self) -> ObjectIdentifier {
        match self {
            Self::Sha1 => oid::SHA_1,
            Self::Sha224 => oid::SHA_224,
            Self::Sha256 => oid::SHA_256,
            Self::Sha384 => oid::SHA_384,
            Self::Sha512 => oid::SHA_512,
        }
    }

    pub(crate) fn hmac_oid(self) -> ObjectIdentifier {
        match self {
            Self::Sha1 => oid::HMAC_SHA_1,
            Self::Sha224 => oid::HMAC_SHA_224,
            Self::Sha256 => oid::HMAC_SHA_256,
            Self::Sha384 => oid::HMAC_SHA_384,
            Self::Sha512 => oid::HMAC_SHA_512,
        }
    }

    pub(crate) fn hmac(self) -> hmac::Algorithm {
        match self {
            Self::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha224 => hmac::HMAC_SHA224,
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha384 => hmac::HMAC_SHA384,
            Self::Sha512 => hmac::HMAC_SHA512,
        }
    }

    pub(crate) fn algorithm(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha224 => &digest::SHA224,
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        }
    }

    /// Octets in a hash value: `u` in RFC 7292 appendix B.
    pub(crate) fn output_len(self) -> usize {
        self.algorithm().output_len()
    }

    /// Octets in a block: `v` in RFC 7292 appendix B.
    pub(crate) fn block_len(self) -> usize {
        self.algorithm().block_len()
    }
}
