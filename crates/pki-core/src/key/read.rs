//! Reading key files: PKCS#8 (v1, v2, encrypted), PKCS#1 and SEC1.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    RsaKeyPair,
};
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5912::{ID_EC_PUBLIC_KEY, RSA_ENCRYPTION, SECP_256_R_1, SECP_384_R_1};
use const_oid::db::rfc8410::ID_ED_25519;
use der::asn1::{AnyRef, ContextSpecific};
use der::{Decode, Reader, SliceReader, TagNumber};
use pkcs8::pkcs5::EncryptionScheme;
use pkcs8::pkcs5::pbes2::Kdf;
use pkcs8::{EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef};
use rustls_pki_types::PrivateKeyDer;

use super::error::KeyError;
use super::kind::KeyKind;
use super::pair::{KeyPair, Private};
use super::password::Password;
use crate::pem::{self, Label, PemFile};

/// An RSA-4096 PKCS#8 file is 3.3 KiB of PEM; room for its comments, not for a denial of service.
const MAX_KEY_FILE: usize = 64 * 1024;
/// About one second of PBKDF2-HMAC-SHA-256.
const MAX_PBKDF2_ROUNDS: u64 = 5_000_000;
/// scrypt's memory is 128 · N · r bytes (RFC 7914 section 2).
const MAX_SCRYPT_MEMORY: u64 = 256 * 1024 * 1024;

impl KeyPair {
    /// Reads the first private key of a PEM file: PKCS#8, PKCS#1, SEC1, or encrypted PKCS#8
    /// (RFC 7468 section 11), for which `password` is needed.
    ///
    /// # Errors
    ///
    /// [`KeyError`] says what the file is instead, and what to do.
    pub fn from_pem(bytes: &[u8], password: Option<&Password>) -> Result<Self, KeyError> {
        if bytes.len() > MAX_KEY_FILE {
            return Err(KeyError::TooLarge {
                limit: MAX_KEY_FILE,
                got: bytes.len(),
            });
        }
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Err(KeyError::Empty);
        }
        if pem::is_der(bytes) {
            return Err(KeyError::NotPem);
        }
        let file = pem::read(bytes).map_err(KeyError::malformed)?;
        // The first key of the file counts.
        let mut sections = file.sections();
        let Some(key) = sections.find(|section| section.label().is_private_key()) else {
            return Err(KeyError::NotAKey {
                found: what_is_there(&file),
            });
        };
        if key.is_encrypted() {
            return Err(KeyError::LegacyEncryption);
        }
        let der = key.der().map_err(KeyError::malformed)?;
        match key.label() {
            Label::EncryptedPrivateKey => Self::decrypt(&der, password.ok_or(KeyError::Encrypted)?),
            Label::PrivateKey => Self::from_pkcs8(&der),
            Label::RsaPrivateKey => Self::from_pkcs1(&der),
            Label::EcPrivateKey => Self::from_sec1(&der),
            other => Err(KeyError::Unsupported {
                found: match other {
                    Label::DsaPrivateKey => "DSA",
                    _ => "OpenSSH",
                }
                .to_owned(),
            }),
        }
    }

    /// Reads a DER key in any of the forms PKCS#8 (RFC 5958), PKCS#1 (RFC 8017 A.1.2) and
    /// SEC1 (RFC 5915).
    ///
    /// # Errors
    ///
    /// [`KeyError::Unsupported`] for a key of another kind, [`KeyError::Malformed`] for anything else.
    pub fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        if der.is_empty() {
            return Err(KeyError::Empty);
        }
        if der.len() > MAX_KEY_FILE {
            return Err(KeyError::TooLarge {
                limit: MAX_KEY_FILE,
                got: der.len(),
            });
        }
        match PrivateKeyDer::try_from(der).map_err(KeyError::malformed)? {
            PrivateKeyDer::Pkcs1(der) => Self::from_pkcs1(der.secret_pkcs1_der()),
            PrivateKeyDer::Sec1(der) => Self::from_sec1(der.secret_sec1_der()),
            other => Self::from_pkcs8(other.secret_der()),
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

    fn decrypt(der: &[u8], password: &Password) -> Result<Self, KeyError> {
        let info = EncryptedPrivateKeyInfoRef::from_der(der).map_err(KeyError::malformed)?;
        check_work(&info.encryption_algorithm)?;
        let plain = info
            .decrypt(password.secret_str())
            .map_err(|error| KeyError::Decrypt(error.into()))?;
        Self::from_pkcs8(plain.as_bytes())
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

fn check_work(scheme: &EncryptionScheme) -> Result<(), KeyError> {
    let EncryptionScheme::Pbes2(parameters) = scheme else {
        return Ok(());
    };
    let (what, limit, got) = match &parameters.kdf {
        Kdf::Pbkdf2(kdf) => (
            "PBKDF2 rounds",
            MAX_PBKDF2_ROUNDS,
            u64::from(kdf.iteration_count),
        ),
        Kdf::Scrypt(kdf) => {
            // RFC 7914 section 2: N is a power of two above 1.
            if !kdf.cost_parameter.is_power_of_two() || kdf.cost_parameter < 2 {
                return Err(KeyError::malformed("scrypt's N is not a power of two"));
            }
            let memory = kdf
                .cost_parameter
                .saturating_mul(u64::from(kdf.block_size))
                .saturating_mul(u64::from(kdf.parallelization))
                .saturating_mul(128);
            ("scrypt memory (bytes)", MAX_SCRYPT_MEMORY, memory)
        }
        _ => return Ok(()),
    };
    if got > limit {
        Err(KeyError::KdfLimit { what, limit, got })
    } else {
        Ok(())
    }
}

/// What a PEM file without a key holds, in words.
fn what_is_there(file: &PemFile) -> String {
    let found = file.describe();
    match file.sections().next() {
        Some(first) if first.label().is_certificate() => {
            format!("{found}; perhaps certificate and key are swapped")
        }
        _ => found,
    }
}

fn name_of(oid: ObjectIdentifier) -> String {
    const_oid::db::DB
        .by_oid(&oid)
        .map_or_else(|| oid.to_string(), str::to_owned)
}
