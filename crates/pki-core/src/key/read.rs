//! Key pairs from what a key file holds.

use super::encoded::EncodedKey;
use super::error::KeyError;
use super::form::Form;
use super::kind::KeyKind;
use super::ml_dsa;
use super::pair::{KeyPair, Private};
use super::parsed::{Curve, Parsed};
use super::password::Password;

impl KeyPair {
    /// Reads the first private key of a PEM file: PKCS#8, PKCS#1, SEC1, or encrypted PKCS#8
    /// (RFC 7468 section 11) and OpenSSL's old encrypted form, for which `password` is needed.
    ///
    /// # Errors
    ///
    /// [`KeyError`] says what the file is instead, and what to do.
    pub fn from_pem(bytes: &[u8], password: Option<&Password>) -> Result<Self, KeyError> {
        EncodedKey::from_pem(bytes, password)?.key_pair()
    }

    /// Reads a DER key in any of the forms PKCS#8 (RFC 5958), PKCS#1 (RFC 8017 A.1.2) and
    /// SEC1 (RFC 5915).
    ///
    /// # Errors
    ///
    /// [`KeyError::Unsupported`] for a key of another kind, [`KeyError::Malformed`] for anything else.
    pub fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        EncodedKey::from_der(der, None)?.key_pair()
    }

    pub(super) fn from_encoded(form: Form, der: &[u8]) -> Result<Self, KeyError> {
        let (kind, private) = match Parsed::from_der(form, der) {
            Ok(Parsed::Ec(Curve::P256, key)) => (KeyKind::P256, Private::Ecdsa(key)),
            Ok(Parsed::Ec(Curve::P384, key)) => (KeyKind::P384, Private::Ecdsa(key)),
            Ok(Parsed::Ec(Curve::P521, key)) => (KeyKind::P521, Private::Ecdsa(key)),
            Ok(Parsed::Ed25519(key)) => (KeyKind::Ed25519, Private::Ed25519(key)),
            Ok(Parsed::MlDsa(key)) => (ml_dsa::kind(&key), Private::MlDsa(key)),
            Ok(Parsed::Rsa(key)) => {
                let bits = key.public_modulus_len() * 8;
                match KeyKind::of_rsa_bits(bits) {
                    Some(kind) => (kind, Private::Rsa(key)),
                    None => return Err(KeyError::unsupported(format!("RSA keys of {bits} bits"))),
                }
            }
            Err(KeyError::Unusable { found }) => return Err(KeyError::unsupported(found)),
            Err(error) => return Err(error),
        };
        Self::from_private(kind, private)
    }
}
