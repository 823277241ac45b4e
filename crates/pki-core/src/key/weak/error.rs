//! What makes a public key weak.

/// Why a public key must not be certified.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WeakKey {
    /// The prime factors are found by their mean.
    #[error(
        "the prime factors of the RSA key are so close to each other that Fermat's method finds them: {AGAIN}"
    )]
    ClosePrimes,

    /// The public exponent is even, below 65537 or above 2^256.
    #[error(
        "the RSA key's public exponent is not an odd number from 65537 to 2^256: make a key with 65537"
    )]
    Exponent,

    /// The key is not encoded as its algorithm says.
    #[error("the public key is malformed")]
    Malformed,

    /// The point is not on its curve, or compressed.
    #[error("the public key is not an uncompressed point of its curve")]
    NotOnCurve,

    /// The generator of some smart cards and TPMs of Infineon made it, whose keys can be factored.
    #[error(
        "the RSA key is of a generator whose keys can be factored (ROCA, CVE-2017-15361): {AGAIN} of another kind or elsewhere"
    )]
    Roca,

    /// The modulus has a prime factor that anybody finds.
    #[error("the modulus of the RSA key is divisible by {factor}: {AGAIN}")]
    SmallFactor {
        /// The smallest one.
        factor: u32,
    },

    /// An Ed25519 point with which one signature is good for every message.
    #[error("the Ed25519 key is a point of small order: {AGAIN}")]
    SmallOrder,

    /// The modulus is larger than what verifiers read.
    #[error("the modulus of the RSA key has more than 8192 bits")]
    TooLarge,
}

const AGAIN: &str = "make a new key";

impl WeakKey {
    /// Where the rule comes from.
    #[must_use]
    pub fn source_of_rule(&self) -> &'static str {
        match self {
            Self::ClosePrimes | Self::Roca => "CABF BR 6.1.1.3",
            Self::Exponent | Self::SmallFactor { .. } | Self::TooLarge => "CABF BR 6.1.6",
            Self::Malformed => "RFC 5280 4.1.2.7",
            Self::NotOnCurve => "RFC 5480 2.2",
            Self::SmallOrder => "RFC 8032 5.1.7",
        }
    }
}
