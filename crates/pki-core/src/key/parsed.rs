//! What a key file holds, by its kind.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::error::{KeyRejected, Unspecified};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, ML_DSA_44_SIGNING,
    ML_DSA_65_SIGNING, ML_DSA_87_SIGNING, PqdsaKeyPair, PqdsaSigningAlgorithm, RsaKeyPair,
};
use const_oid::ObjectIdentifier;
use const_oid::db::fips204::{ID_ML_DSA_44, ID_ML_DSA_65, ID_ML_DSA_87};
use const_oid::db::rfc5912::{
    ID_EC_PUBLIC_KEY, ID_RSASSA_PSS, RSA_ENCRYPTION, SECP_256_R_1, SECP_384_R_1, SECP_521_R_1,
};
use const_oid::db::rfc8410::ID_ED_25519;
use der::asn1::{AnyRef, ContextSpecific};
use der::{Decode, Reader, SliceReader, Tag, TagNumber, Tagged};
use pkcs8::PrivateKeyInfoRef;
use x509_identity::PublicKeyAlgorithm;

use super::error::KeyError;
use super::form::Form;

/// A key of a kind that TLS can sign with here.
pub(super) enum Parsed {
    Ec(Curve, EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    MlDsa(PqdsaKeyPair),
    Rsa(RsaKeyPair),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Curve {
    P256,
    P384,
    P521,
}

impl Parsed {
    pub(super) fn from_der(form: Form, der: &[u8]) -> Result<Self, KeyError> {
        match form {
            Form::Pkcs1 => rsa(RsaKeyPair::from_der(der)),
            Form::Pkcs8 => pkcs8(der),
            Form::Sec1 => sec1(der),
        }
    }

    /// `SubjectPublicKeyInfo`.
    pub(super) fn public_key_der(&self) -> Result<Vec<u8>, Unspecified> {
        let der: PublicKeyX509Der<'_> = match self {
            Self::Ec(_, key) => key.public_key().as_der(),
            Self::Ed25519(key) => key.public_key().as_der(),
            Self::MlDsa(key) => key.public_key().as_der(),
            Self::Rsa(key) => key.public_key().as_der(),
        }?;
        Ok(der.as_ref().to_vec())
    }
}

fn pkcs8(der: &[u8]) -> Result<Parsed, KeyError> {
    let info = PrivateKeyInfoRef::from_der(der).map_err(KeyError::malformed)?;
    match info.algorithm.oid {
        RSA_ENCRYPTION => rsa(RsaKeyPair::from_pkcs8(der)),
        ID_ED_25519 => Ed25519KeyPair::from_pkcs8_maybe_unchecked(der)
            .map(Parsed::Ed25519)
            .map_err(KeyError::malformed),
        ID_EC_PUBLIC_KEY => match info.algorithm.parameters {
            Some(parameters) => ec(curve_in(parameters)?, der),
            // Then the key itself says, as in a SEC1 file.
            None => sec1(info.private_key.as_bytes()),
        },
        ID_ML_DSA_44 => ml_dsa("ML-DSA-44", &ML_DSA_44_SIGNING, der),
        ID_ML_DSA_65 => ml_dsa("ML-DSA-65", &ML_DSA_65_SIGNING, der),
        ID_ML_DSA_87 => ml_dsa("ML-DSA-87", &ML_DSA_87_SIGNING, der),
        ID_RSASSA_PSS => Err(KeyError::unusable("keys for RSASSA-PSS alone")),
        other => Err(KeyError::unusable(format!("{} keys", name_of(other)))),
    }
}

/// A key in any form of RFC 9881 section 6: its seed, the expanded key, or both, which then have to agree.
fn ml_dsa(
    kind: &'static str,
    algorithm: &'static PqdsaSigningAlgorithm,
    der: &[u8],
) -> Result<Parsed, KeyError> {
    PqdsaKeyPair::from_pkcs8(algorithm, der)
        .map(Parsed::MlDsa)
        .map_err(|source| KeyError::Inconsistent {
            kind,
            source: source.into(),
        })
}

fn rsa(key: Result<RsaKeyPair, KeyRejected>) -> Result<Parsed, KeyError> {
    key.map(Parsed::Rsa)
        .map_err(|error| match error.to_string().as_str() {
            "TooSmall" => KeyError::unusable("RSA keys below 2048 bits"),
            "TooLarge" => KeyError::unusable("RSA keys above 8192 bits"),
            _ => KeyError::malformed(error),
        })
}

/// A SEC1 file names its curve or leaves it out.
fn sec1(der: &[u8]) -> Result<Parsed, KeyError> {
    let curve = match sec1_parameters(der) {
        Some(parameters) => curve_in(parameters)?,
        None => None,
    };
    ec(curve, der)
}

/// The named curve of RFC 5480 section 2.1.1.1, which is the only form that it allows.
fn curve_in(parameters: AnyRef<'_>) -> Result<Option<Curve>, KeyError> {
    if parameters.tag() != Tag::ObjectIdentifier {
        // Explicit parameters: of one of the usual curves, perhaps.
        return Ok(None);
    }
    let curve: ObjectIdentifier = parameters.decode_as().map_err(KeyError::malformed)?;
    match curve {
        SECP_256_R_1 => Ok(Some(Curve::P256)),
        SECP_384_R_1 => Ok(Some(Curve::P384)),
        SECP_521_R_1 => Ok(Some(Curve::P521)),
        other => Err(KeyError::unusable(format!(
            "ECDSA keys on {}",
            PublicKeyAlgorithm::Other(other)
        ))),
    }
}

/// A key on this curve, or on any that has one of its size.
fn ec(curve: Option<Curve>, der: &[u8]) -> Result<Parsed, KeyError> {
    let read = |curve: Curve| {
        EcdsaKeyPair::from_private_key_der(curve.algorithm(), der)
            .map(|key| Parsed::Ec(curve, key))
            .map_err(|source| KeyError::Inconsistent {
                kind: curve.name(),
                source: source.into(),
            })
    };
    match curve {
        Some(curve) => read(curve),
        None => [Curve::P256, Curve::P384, Curve::P521]
            .into_iter()
            .find_map(|curve| read(curve).ok())
            .ok_or_else(|| {
                KeyError::unusable("ECDSA keys with curve parameters of their own, or without any,")
            }),
    }
}

impl Curve {
    fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    fn algorithm(self) -> &'static EcdsaSigningAlgorithm {
        match self {
            Self::P256 => &ECDSA_P256_SHA256_ASN1_SIGNING,
            Self::P384 => &ECDSA_P384_SHA384_ASN1_SIGNING,
            Self::P521 => &ECDSA_P521_SHA512_ASN1_SIGNING,
        }
    }
}

/// The parameters in an ECPrivateKey (RFC 5915 section 3).
fn sec1_parameters(der: &[u8]) -> Option<AnyRef<'_>> {
    let mut reader = SliceReader::new(der).ok()?;
    let parameters = reader.sequence(|fields| {
        u8::decode(fields)?;
        AnyRef::decode(fields)?;
        let parameters = ContextSpecific::<AnyRef<'_>>::decode_explicit(fields, TagNumber(0))?;
        fields.drain(fields.remaining_len())?;
        Ok::<_, der::Error>(parameters)
    });
    parameters.ok().flatten().map(|parameters| parameters.value)
}

fn name_of(oid: ObjectIdentifier) -> String {
    const NAMES: &[(&str, &str)] = &[
        ("1.2.840.10040.4.1", "DSA"),
        ("1.2.840.113549.1.3.1", "Diffie-Hellman"),
        ("1.2.840.10046.2.1", "Diffie-Hellman"),
        ("1.3.101.110", "X25519"),
        ("1.3.101.111", "X448"),
        ("1.3.101.113", "Ed448"),
        ("1.2.643.7.1.1.1.1", "GOST R 34.10-2012 (256 bit)"),
        ("1.2.643.7.1.1.1.2", "GOST R 34.10-2012 (512 bit)"),
    ];
    let known = NAMES
        .iter()
        .find(|(dotted, _)| ObjectIdentifier::new(dotted).as_ref() == Ok(&oid))
        .map(|(_, name)| *name);
    known
        .or_else(|| const_oid::db::DB.by_oid(&oid))
        .map_or_else(|| oid.to_string(), str::to_owned)
}
