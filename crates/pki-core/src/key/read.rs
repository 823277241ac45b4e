//! Key pairs from what a key file holds.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    RsaKeyPair,
};
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5912::{ID_EC_PUBLIC_KEY, RSA_ENCRYPTION, SECP_256_R_1, SECP_384_R_1};
use const_oid::db::rfc8410::ID_ED_25519;
use der::asn1::{AnyRef, ContextSpecific};
use der::{Decode, Reader, SliceReader, TagNumber};
use pkcs8::PrivateKeyInfoRef;

use super::encoded::{EncodedKey, Form};
use super::error::KeyError;
use super::kind::KeyKind;
use super::pair::{KeyPair, Private};
use super::password::Password;

impl KeyPair {
    /// Reads the first private key of a PEM file: PKCS#8, PKCS#1, SEC1, or encrypted PKCS#8
    /// (RFC 7468 section 11), for which `password` is needed.
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
        match form {
            Form::Pkcs1 => Self::from_pkcs1(der),
            Form::Pkcs8 => Self::from_pkcs8(der),
            Form::Sec1 => Self::from_sec1(der),
        }
    }

    fn from_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        let info = PrivateKeyInfoRef::from_der(der).map_err(KeyError::malformed)?;
        match info.algorithm.oid {
            RSA_ENCRYPTION => Self::from_rsa(RsaKeyPair::from_pkcs8(der)),
            ID_ED_25519 => {
                let key =
                    Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map_err(KeyError::malformed)?;
                Self::from_private(KeyKind::Ed25519, Private::Ed25519(key))
            }
            ID_EC_PUBLIC_KEY => match info.algorithm.parameters_oid() {
                Ok(SECP_256_R_1) => Self::from_ec(KeyKind::P256, der),
                Ok(SECP_384_R_1) => Self::from_ec(KeyKind::P384, der),
                Ok(curve) => Err(KeyError::Unsupported {
                    found: format!("EC {}", name_of(curve)),
                }),
                Err(error) => Err(KeyError::malformed(error)),
            },
            other => Err(KeyError::Unsupported {
                found: name_of(other),
            }),
        }
    }

    fn from_pkcs1(der: &[u8]) -> Result<Self, KeyError> {
        Self::from_rsa(RsaKeyPair::from_der(der))
    }

    fn from_rsa(key: Result<RsaKeyPair, aws_lc_rs::error::KeyRejected>) -> Result<Self, KeyError> {
        let key = key.map_err(|error| match error.to_string().as_str() {
            "TooSmall" => KeyError::Unsupported {
                found: "RSA below 2048 bits".to_owned(),
            },
            _ => KeyError::malformed(error),
        })?;
        let bits = key.public_modulus_len() * 8;
        let kind = KeyKind::of_rsa_bits(bits).ok_or_else(|| KeyError::Unsupported {
            found: format!("RSA {bits}"),
        })?;
        Self::from_private(kind, Private::Rsa(key))
    }

    /// A SEC1 file names its curve or leaves it out, so each supported one is tried.
    fn from_sec1(der: &[u8]) -> Result<Self, KeyError> {
        match sec1_curve(der) {
            None | Some(SECP_256_R_1 | SECP_384_R_1) => {}
            Some(curve) => {
                return Err(KeyError::Unsupported {
                    found: format!("EC {}", name_of(curve)),
                });
            }
        }
        match Self::from_ec(KeyKind::P256, der) {
            Ok(key) => Ok(key),
            Err(_) => Self::from_ec(KeyKind::P384, der),
        }
    }

    fn from_ec(kind: KeyKind, der: &[u8]) -> Result<Self, KeyError> {
        let algorithm = match kind {
            KeyKind::P384 => &ECDSA_P384_SHA384_ASN1_SIGNING,
            _ => &ECDSA_P256_SHA256_ASN1_SIGNING,
        };
        let key = EcdsaKeyPair::from_private_key_der(algorithm, der).map_err(|source| {
            KeyError::Inconsistent {
                kind,
                source: source.into(),
            }
        })?;
        Self::from_private(kind, Private::Ecdsa(key))
    }
}

/// The curve that an ECPrivateKey names (RFC 5915 section 3).
fn sec1_curve(der: &[u8]) -> Option<ObjectIdentifier> {
    let mut reader = SliceReader::new(der).ok()?;
    let curve = reader.sequence(|fields| {
        u8::decode(fields)?;
        AnyRef::decode(fields)?;
        let curve = ContextSpecific::<ObjectIdentifier>::decode_explicit(fields, TagNumber(0))?;
        fields.drain(fields.remaining_len())?;
        Ok::<_, der::Error>(curve)
    });
    curve.ok().flatten().map(|curve| curve.value)
}

fn name_of(oid: ObjectIdentifier) -> String {
    const_oid::db::DB
        .by_oid(&oid)
        .map_or_else(|| oid.to_string(), str::to_owned)
}
