//! A key pair, made and used to sign.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, ML_DSA_44_SIGNING, ML_DSA_65_SIGNING,
    ML_DSA_87_SIGNING, PqdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use zeroize::Zeroizing;

use super::error::KeyError;
use super::kind::KeyKind;
use super::ml_dsa;
use super::signer::{SignError, SignatureAlgorithm, Signer};

/// A private key with its public key.
///
/// Deliberately not `Clone`: a key has one owner. The private half is held as PKCS#8, wiped on
/// drop, and leaves only through methods named `secret_…`.
pub struct KeyPair {
    kind: KeyKind,
    pub(super) pkcs8: Zeroizing<Vec<u8>>,
    spki: Vec<u8>,
    private: Private,
}

pub(super) enum Private {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    MlDsa(PqdsaKeyPair),
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
            KeyKind::P521 => {
                EcdsaKeyPair::generate(&ECDSA_P521_SHA512_ASN1_SIGNING).map(Private::Ecdsa)
            }
            KeyKind::MlDsa44 => PqdsaKeyPair::generate(&ML_DSA_44_SIGNING).map(Private::MlDsa),
            KeyKind::MlDsa65 => PqdsaKeyPair::generate(&ML_DSA_65_SIGNING).map(Private::MlDsa),
            KeyKind::MlDsa87 => PqdsaKeyPair::generate(&ML_DSA_87_SIGNING).map(Private::MlDsa),
            KeyKind::Ed25519 => Ed25519KeyPair::generate().map(Private::Ed25519),
            KeyKind::Rsa2048 => RsaKeyPair::generate(KeySize::Rsa2048).map(Private::Rsa),
            KeyKind::Rsa3072 => RsaKeyPair::generate(KeySize::Rsa3072).map(Private::Rsa),
            KeyKind::Rsa4096 => RsaKeyPair::generate(KeySize::Rsa4096).map(Private::Rsa),
        };
        Self::from_private(kind, private.map_err(KeyError::generate)?)
    }

    /// Keeps one normal form of the key, whatever form it came in: PKCS#8 v1, which every reader takes.
    pub(super) fn from_private(kind: KeyKind, private: Private) -> Result<Self, KeyError> {
        let pkcs8 = match &private {
            Private::Ecdsa(key) => key
                .to_pkcs8v1()
                .map(|d| Zeroizing::new(d.as_ref().to_vec())),
            Private::Ed25519(key) => key
                .to_pkcs8v1()
                .map(|d| Zeroizing::new(d.as_ref().to_vec())),
            Private::MlDsa(key) => ml_dsa::pkcs8(key),
            Private::Rsa(key) => AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(key)
                .map(|d| Zeroizing::new(d.as_ref().to_vec())),
        };
        let spki: Result<PublicKeyX509Der<'_>, _> = match &private {
            Private::Ecdsa(key) => key.public_key().as_der(),
            Private::Ed25519(key) => key.public_key().as_der(),
            Private::MlDsa(key) => key.public_key().as_der(),
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

    fn is_quick(&self) -> bool {
        matches!(self.kind, KeyKind::P256 | KeyKind::Ed25519)
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let random = SystemRandom::new();
        match &self.private {
            Private::Ecdsa(key) => key
                .sign(&random, message)
                .map(|s| s.as_ref().to_vec())
                .map_err(SignError::new),
            Private::Ed25519(key) => Ok(key.sign(message).as_ref().to_vec()),
            Private::MlDsa(key) => {
                let mut signature = vec![0; key.algorithm().signature_len()];
                key.sign(message, &mut signature).map_err(SignError::new)?;
                Ok(signature)
            }
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
