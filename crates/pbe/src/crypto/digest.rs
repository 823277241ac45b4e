//! The hash functions of key files, by each of their names.

use aws_lc_rs::{digest, hmac};
use const_oid::ObjectIdentifier;

use crate::asn1::oid;

/// A hash function that is read. SHA-1 is there for what exists and for devices that take no other.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Digest {
    /// SHA-1
    Sha1,
    /// SHA-224
    Sha224,
    /// SHA-256
    Sha256,
    /// SHA-384
    Sha384,
    /// SHA-512
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
    #[must_use]
    pub fn of_hash(oid: ObjectIdentifier) -> Option<Self> {
        Self::ALL.into_iter().find(|digest| digest.oid() == oid)
    }

    /// The function named by an identifier of the HMAC made of it.
    #[must_use]
    pub fn of_hmac(oid: ObjectIdentifier) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|digest| digest.hmac_oid() == oid)
    }

    /// The identifier of the hash itself.
    #[must_use]
    pub fn oid(self) -> ObjectIdentifier {
        match self {
            Self::Sha1 => oid::SHA_1,
            Self::Sha224 => oid::SHA_224,
            Self::Sha256 => oid::SHA_256,
            Self::Sha384 => oid::SHA_384,
            Self::Sha512 => oid::SHA_512,
        }
    }

    /// The identifier of the HMAC made of it.
    #[must_use]
    pub fn hmac_oid(self) -> ObjectIdentifier {
        match self {
            Self::Sha1 => oid::HMAC_SHA_1,
            Self::Sha224 => oid::HMAC_SHA_224,
            Self::Sha256 => oid::HMAC_SHA_256,
            Self::Sha384 => oid::HMAC_SHA_384,
            Self::Sha512 => oid::HMAC_SHA_512,
        }
    }

    /// HMAC with it, in aws-lc.
    #[must_use]
    pub fn hmac(self) -> hmac::Algorithm {
        match self {
            Self::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha224 => hmac::HMAC_SHA224,
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha384 => hmac::HMAC_SHA384,
            Self::Sha512 => hmac::HMAC_SHA512,
        }
    }

    /// The hash itself, in aws-lc.
    #[must_use]
    pub fn algorithm(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha224 => &digest::SHA224,
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        }
    }

    /// Octets in a hash value: `u` in RFC 7292 appendix B.
    #[must_use]
    pub fn output_len(self) -> usize {
        self.algorithm().output_len()
    }

    /// Octets in a block: `v` in RFC 7292 appendix B.
    #[must_use]
    pub fn block_len(self) -> usize {
        self.algorithm().block_len()
    }
}
