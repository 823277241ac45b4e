//! The pseudorandom functions of PBKDF2 (RFC 8018 appendix B.1).

use const_oid::ObjectIdentifier;

use super::digest::Digest;
use crate::asn1::oid;

/// HMAC with a hash function, as PBKDF2 uses it.
///
/// Two of them are not among the [`Digest`]s: no file has a MAC or a hash of theirs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Prf {
    /// With one of the hashes that files have.
    Hmac(Digest),
    /// With SHA-512/224 (FIPS 180-4 section 5.3.6.1)
    HmacSha512_224,
    /// With SHA-512/256 (FIPS 180-4 section 5.3.6.2)
    HmacSha512_256,
}

impl Prf {
    /// The function that an identifier names.
    #[must_use]
    pub fn of(oid: ObjectIdentifier) -> Option<Self> {
        match oid {
            oid::HMAC_SHA_512_224 => Some(Self::HmacSha512_224),
            oid::HMAC_SHA_512_256 => Some(Self::HmacSha512_256),
            other => Digest::of_hmac(other).map(Self::Hmac),
        }
    }

    /// Octets in what it gives out: `hLen` in RFC 8018 section 5.2.
    #[must_use]
    pub fn output_len(self) -> usize {
        match self {
            Self::Hmac(digest) => digest.output_len(),
            Self::HmacSha512_224 => 28,
            Self::HmacSha512_256 => 32,
        }
    }
}

impl From<Digest> for Prf {
    fn from(digest: Digest) -> Self {
        Self::Hmac(digest)
    }
}
