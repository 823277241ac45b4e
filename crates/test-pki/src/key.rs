use std::sync::Arc;

use rcgen::{KeyPair, RsaKeySize, SignatureAlgorithm};

/// The algorithm of a key, with its size.
///
/// A certificate is signed with the hash that goes with its issuer's key: SHA-256, and SHA-384 and SHA-512 for the two
/// larger curves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyKind {
    /// Ed25519.
    Ed25519,
    /// ML-DSA-44 (RFC 9881), which TLS 1.3 alone uses, as the next two.
    MlDsa44,
    /// ML-DSA-65.
    MlDsa65,
    /// ML-DSA-87.
    MlDsa87,
    /// ECDSA on NIST P-256, which every key is unless a test asks for another.
    P256,
    /// ECDSA on NIST P-384.
    P384,
    /// ECDSA on NIST P-521.
    P521,
    /// RSA with a modulus of 2048 bits.
    Rsa2048,
    /// RSA with a modulus of 3072 bits.
    Rsa3072,
    /// RSA with a modulus of 4096 bits. Takes seconds to generate.
    Rsa4096,
}

impl KeyKind {
    /// A new key.
    pub fn generate(self) -> KeyPair {
        let key = match self {
            Self::Ed25519 => KeyPair::generate_for(&rcgen::PKCS_ED25519),
            Self::MlDsa44 => KeyPair::generate_for(&rcgen::PKCS_ML_DSA_44),
            Self::MlDsa65 => KeyPair::generate_for(&rcgen::PKCS_ML_DSA_65),
            Self::MlDsa87 => KeyPair::generate_for(&rcgen::PKCS_ML_DSA_87),
            Self::P256 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256),
            Self::P384 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384),
            Self::P521 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P521_SHA512),
            Self::Rsa2048 => KeyPair::generate_rsa_for(RSA, RsaKeySize::_2048),
            Self::Rsa3072 => KeyPair::generate_rsa_for(RSA, RsaKeySize::_3072),
            Self::Rsa4096 => KeyPair::generate_rsa_for(RSA, RsaKeySize::_4096),
        };
        key.expect("aws-lc-rs generates keys of each of these kinds")
    }
}

const RSA: &SignatureAlgorithm = &rcgen::PKCS_RSA_SHA256;

/// A new key, so that a kind stands wherever a key is taken.
impl From<KeyKind> for Arc<KeyPair> {
    fn from(kind: KeyKind) -> Self {
        Self::new(kind.generate())
    }
}
