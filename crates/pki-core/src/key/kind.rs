//! The kinds of key that are made, read and certified.

use serde::{Deserialize, Serialize};

use super::signer::SignatureAlgorithm;

/// The kinds of key that this crate makes, reads and signs with.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[non_exhaustive]
#[serde(rename_all = "kebab-case")]
pub enum KeyKind {
    /// ECDSA on NIST P-256, signing with SHA-256. The default.
    P256,
    /// ECDSA on NIST P-384, signing with SHA-384.
    P384,
    /// RSA with a 2048-bit modulus, signing PKCS#1 v1.5 with SHA-256.
    Rsa2048,
    /// RSA with a 3072-bit modulus.
    Rsa3072,
    /// RSA with a 4096-bit modulus.
    Rsa4096,
    /// Ed25519 (RFC 8410). Browsers and Apple's TLS do not take it.
    Ed25519,
}

impl KeyKind {
    /// The kind of a certificate's key, if it is one of these.
    #[must_use]
    pub fn of_public_key(algorithm: x509_identity::PublicKeyAlgorithm) -> Option<Self> {
        use x509_identity::PublicKeyAlgorithm as Found;
        match algorithm {
            Found::EcP256 => Some(Self::P256),
            Found::EcP384 => Some(Self::P384),
            Found::Ed25519 => Some(Self::Ed25519),
            Found::Rsa { bits } => Self::of_rsa_bits(bits as usize),
            _ => None,
        }
    }

    pub(super) fn of_rsa_bits(bits: usize) -> Option<Self> {
        match bits {
            2048 => Some(Self::Rsa2048),
            3072 => Some(Self::Rsa3072),
            4096 => Some(Self::Rsa4096),
            _ => None,
        }
    }

    /// True for RSA keys, the only ones that may carry keyEncipherment.
    #[must_use]
    pub fn is_rsa(self) -> bool {
        matches!(self, Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096)
    }

    /// How this kind of key signs certificates.
    #[must_use]
    pub fn signature_algorithm(self) -> SignatureAlgorithm {
        match self {
            Self::P256 => SignatureAlgorithm::EcdsaSha256,
            Self::P384 => SignatureAlgorithm::EcdsaSha384,
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => SignatureAlgorithm::RsaSha256,
            Self::Ed25519 => SignatureAlgorithm::Ed25519,
        }
    }
}
