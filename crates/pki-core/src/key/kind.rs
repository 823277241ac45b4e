//! The kinds of key that are made, read and certified.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::signer::SignatureAlgorithm;

/// The kinds of key that this crate makes, reads and signs with.
///
/// In TOML `p256`, `p384`, `p521`, `rsa2048`, `rsa3072`, `rsa4096`, `ed25519`, `ml-dsa-44`, `ml-dsa-65`, `ml-dsa-87`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[non_exhaustive]
#[serde(rename_all = "kebab-case")]
pub enum KeyKind {
    /// ECDSA on NIST P-256, signing with SHA-256. The default.
    P256,
    /// ECDSA on NIST P-384, signing with SHA-384.
    P384,
    /// ECDSA on NIST P-521, signing with SHA-512. Some browsers do not take it.
    P521,
    /// RSA with a 2048-bit modulus, signing PKCS#1 v1.5 with SHA-256.
    Rsa2048,
    /// RSA with a 3072-bit modulus.
    Rsa3072,
    /// RSA with a 4096-bit modulus.
    Rsa4096,
    /// Ed25519 (RFC 8410). Browsers and Apple's TLS do not take it.
    Ed25519,
    /// ML-DSA-44 (RFC 9881). It and the two larger ones need TLS 1.3 and peers that know them, such as OpenSSL 3.5.
    #[serde(rename = "ml-dsa-44")]
    MlDsa44,
    /// ML-DSA-65 (RFC 9881).
    #[serde(rename = "ml-dsa-65")]
    MlDsa65,
    /// ML-DSA-87 (RFC 9881).
    #[serde(rename = "ml-dsa-87")]
    MlDsa87,
}

impl KeyKind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::P256,
        Self::P384,
        Self::P521,
        Self::Rsa2048,
        Self::Rsa3072,
        Self::Rsa4096,
        Self::Ed25519,
        Self::MlDsa44,
        Self::MlDsa65,
        Self::MlDsa87,
    ];

    /// The kind of a certificate's key, if it is one of these.
    #[must_use]
    pub fn of_public_key(algorithm: x509_identity::PublicKeyAlgorithm) -> Option<Self> {
        use x509_identity::PublicKeyAlgorithm as Found;
        match algorithm {
            Found::EcP256 => Some(Self::P256),
            Found::EcP384 => Some(Self::P384),
            Found::EcP521 => Some(Self::P521),
            Found::Ed25519 => Some(Self::Ed25519),
            Found::MlDsa44 => Some(Self::MlDsa44),
            Found::MlDsa65 => Some(Self::MlDsa65),
            Found::MlDsa87 => Some(Self::MlDsa87),
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

    /// Every kind but these.
    pub(crate) fn without(left_out: &[Self]) -> Vec<Self> {
        let kinds = Self::ALL.into_iter();
        kinds.filter(|kind| !left_out.contains(kind)).collect()
    }

    /// True for RSA keys, the only ones that may carry keyEncipherment.
    #[must_use]
    pub fn is_rsa(self) -> bool {
        matches!(self, Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096)
    }

    /// True for ML-DSA keys, which TLS 1.3 alone uses.
    #[must_use]
    pub fn is_ml_dsa(self) -> bool {
        matches!(self, Self::MlDsa44 | Self::MlDsa65 | Self::MlDsa87)
    }

    /// How this kind of key signs certificates.
    #[must_use]
    pub fn signature_algorithm(self) -> SignatureAlgorithm {
        match self {
            Self::P256 => SignatureAlgorithm::EcdsaSha256,
            Self::P384 => SignatureAlgorithm::EcdsaSha384,
            Self::P521 => SignatureAlgorithm::EcdsaSha512,
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => SignatureAlgorithm::RsaSha256,
            Self::Ed25519 => SignatureAlgorithm::Ed25519,
            Self::MlDsa44 => SignatureAlgorithm::MlDsa44,
            Self::MlDsa65 => SignatureAlgorithm::MlDsa65,
            Self::MlDsa87 => SignatureAlgorithm::MlDsa87,
        }
    }
}

/// As people say it: `P-256`, `RSA 2048`, `ML-DSA-65`.
impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
            Self::Rsa2048 => "RSA 2048",
            Self::Rsa3072 => "RSA 3072",
            Self::Rsa4096 => "RSA 4096",
            Self::Ed25519 => "Ed25519",
            Self::MlDsa44 => "ML-DSA-44",
            Self::MlDsa65 => "ML-DSA-65",
            Self::MlDsa87 => "ML-DSA-87",
        })
    }
}
