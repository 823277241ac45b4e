//! Key pairs: made, read from every usual file, written as PKCS#8, and used to sign.

mod error;
mod read;
mod write;

use std::fmt;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::signer::{SignError, SignatureAlgorithm, Signer};

pub(crate) use error::BoxError;
pub use error::KeyError;

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

    fn of_rsa_bits(bits: usize) -> Option<Self> {
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

/// A private key with its public key.
///
/// Deliberately not `Clone`: a key has one owner. The private half is held as PKCS#8, wiped on
/// drop, and leaves only through methods named `secret_…`.
pub struct KeyPair {
    kind: KeyKind,
    pkcs8: Zeroizing<Vec<u8>>,
    spki: Vec<u8>,
    private: Private,
}

enum Private {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

impl KeyPair {
    /// Makes a fresh key. RSA takes from a tenth of a second to several.
    ///
    /// # Errors
    ///
    /// [`KeyError::Generate`] if the random source or the prime search fails.
    pub fn generate(kind: KeyKind) -> Result<Self, KeyError> {
        use aws_lc_rs::rsa::KeySize;
        let private = match kind {
            KeyKind::P256 => {
                EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map(Private::Ecdsa)
            }
            KeyKind::P384 => {
                EcdsaKeyPair::generate(&ECDSA_P384_SHA384_ASN1_SIGNING).map(Private::Ecdsa)
            }
            KeyKind::Ed25519 => Ed25519KeyPair::generate().map(Private::Ed25519),
            KeyKind::Rsa2048 => RsaKeyPair::generate(KeySize::Rsa2048).map(Private::Rsa),
            KeyKind::Rsa3072 => RsaKeyPair::generate(KeySize::Rsa3072).map(Private::Rsa),
            KeyKind::Rsa4096 => RsaKeyPair::generate(KeySize::Rsa4096).map(Private::Rsa),
        };
        Self::from_private(kind, private.map_err(KeyError::generate)?)
    }

    /// Keeps one normal form of the key, whatever form it came in: PKCS#8 v1, which every reader takes.
    fn from_private(kind: KeyKind, private: Private) -> Result<Self, KeyError> {
        let pkcs8 = match &private {
            Private::Ecdsa(key) => key
                .to_pkcs8v1()
                .map(|d| Zeroizing::new(d.as_ref().to_vec())),
            Private::Ed25519(key) => key
                .to_pkcs8v1()
                .map(|d| Zeroizing::new(d.as_ref().to_vec())),
            Private::Rsa(key) => AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(key)
                .map(|d| Zeroizing::new(d.as_ref().to_vec())),
        };
        let spki: Result<PublicKeyX509Der<'_>, _> = match &private {
            Private::Ecdsa(key) => key.public_key().as_der(),
            Private::Ed25519(key) => key.public_key().as_der(),
            Private::Rsa(key) => key.public_key().as_der(),
        };
        let spki = spki.map_err(KeyError::generate)?.as_ref().to_vec();
        Ok(Self {
            kind,
            pkcs8: pkcs8.map_err(KeyError::generate)?,
            spki,
            private,
        })
    }

    /// What kind of key it is.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The public key as `SubjectPublicKeyInfo` DER (RFC 5280 section 4.1.2.7).
    #[must_use]
    pub fn public_key_der(&self) -> &[u8] {
        &self.spki
    }
}

impl Signer for KeyPair {
    fn algorithm(&self) -> SignatureAlgorithm {
        self.kind.signature_algorithm()
    }

    fn public_key_der(&self) -> &[u8] {
        &self.spki
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let random = SystemRandom::new();
        match &self.private {
            Private::Ecdsa(key) => key
                .sign(&random, message)
                .map(|s| s.as_ref().to_vec())
                .map_err(SignError::new),
            Private::Ed25519(key) => Ok(key.sign(message).as_ref().to_vec()),
            Private::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .map_err(SignError::new)?;
                Ok(signature)
            }
        }
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyPair")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}
