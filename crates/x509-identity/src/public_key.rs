use std::fmt;

use const_oid::ObjectIdentifier;
use const_oid::db::DB;
use const_oid::db::fips204::{ID_ML_DSA_44, ID_ML_DSA_65, ID_ML_DSA_87};
use der::asn1::{AnyRef, BitStringRef, UintRef};
use spki::AlgorithmIdentifierRef;

use crate::ParseError;
use crate::tlv::{Fields, SEQUENCE};

/// The kind and the size of a certificate's public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PublicKeyAlgorithm {
    /// An ECDSA or ECDH key on P-256 (secp256r1).
    EcP256,
    /// An ECDSA or ECDH key on P-384 (secp384r1).
    EcP384,
    /// An ECDSA or ECDH key on P-521 (secp521r1).
    EcP521,
    /// An Ed25519 key (RFC 8410).
    Ed25519,
    /// An ML-DSA-44 key (RFC 9881).
    MlDsa44,
    /// An ML-DSA-65 key (RFC 9881).
    MlDsa65,
    /// An ML-DSA-87 key (RFC 9881).
    MlDsa87,
    /// Anything else, by the algorithm's identifier; for other curves, the curve's.
    Other(ObjectIdentifier),
    /// An RSA key.
    Rsa {
        /// The length of the modulus.
        bits: u32,
    },
}

impl PublicKeyAlgorithm {
    /// Reads the algorithm of a DER SubjectPublicKeyInfo (RFC 5280 4.1.2.7).
    ///
    /// # Errors
    ///
    /// [`ParseError`] where the structure is malformed; an unknown algorithm is none.
    pub fn from_spki(spki: &[u8]) -> Result<Self, ParseError> {
        let mut fields = Fields::within(spki, SEQUENCE, WHAT)?;
        let algorithm: AlgorithmIdentifierRef<'_> = fields.decode()?;
        let key: BitStringRef<'_> = fields.decode()?;
        fields.finish()?;

        Ok(match algorithm.oid {
            RSA_ENCRYPTION => Self::Rsa {
                bits: modulus_bits(key.raw_bytes())?,
            },
            ED25519 => Self::Ed25519,
            ID_ML_DSA_44 => Self::MlDsa44,
            ID_ML_DSA_65 => Self::MlDsa65,
            ID_ML_DSA_87 => Self::MlDsa87,
            EC_PUBLIC_KEY => match algorithm.parameters.map(named_curve).transpose()?.flatten() {
                Some(SECP256R1) => Self::EcP256,
                Some(SECP384R1) => Self::EcP384,
                Some(SECP521R1) => Self::EcP521,
                Some(other) => Self::Other(other),
                None => Self::Other(EC_PUBLIC_KEY),
            },
            other => Self::Other(other),
        })
    }
}

/// Kind and size as people say them: `P-256`, `RSA 2048`; the name of any other algorithm or curve, or its
/// dotted identifier.
impl fmt::Display for PublicKeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EcP256 => f.write_str("P-256"),
            Self::EcP384 => f.write_str("P-384"),
            Self::EcP521 => f.write_str("P-521"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::MlDsa44 => f.write_str("ML-DSA-44"),
            Self::MlDsa65 => f.write_str("ML-DSA-65"),
            Self::MlDsa87 => f.write_str("ML-DSA-87"),
            Self::Other(oid) => {
                let known = CURVES.iter().find(|(curve, _)| curve == oid);
                match known.map(|(_, name)| *name).or_else(|| DB.by_oid(oid)) {
                    Some(name) => f.write_str(name),
                    None => oid.fmt(f),
                }
            }
            Self::Rsa { bits } => write!(f, "RSA {bits}"),
        }
    }
}

/// The curve's name; `None` for parameters that are spelled out (RFC 5480 2.1.1 forbids them).
fn named_curve(parameters: AnyRef<'_>) -> Result<Option<ObjectIdentifier>, ParseError> {
    if der::Tagged::tag(&parameters) != der::Tag::ObjectIdentifier {
        return Ok(None);
    }
    parameters
        .decode_as()
        .map(Some)
        .map_err(|source| ParseError::Der { what: WHAT, source })
}

/// The length of the modulus in an RSAPublicKey (RFC 8017 A.1.1).
fn modulus_bits(key: &[u8]) -> Result<u32, ParseError> {
    let mut fields = Fields::within(key, SEQUENCE, WHAT)?;
    let modulus: UintRef<'_> = fields.decode()?;
    let _exponent: UintRef<'_> = fields.decode()?;
    fields.finish()?;

    let octets = modulus.as_bytes();
    let length = u32::try_from(octets.len()).expect("a certificate has at most 64 KiB");
    let unused = octets.first().map_or(0, |first| first.leading_zeros());
    Ok((length * 8).saturating_sub(unused))
}

/// The curves that people meet beside those of TLS, where they are called otherwise than in `const-oid`, or not at all.
const CURVES: &[(ObjectIdentifier, &str)] = &[
    (ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.1"), "P-192"),
    (ObjectIdentifier::new_unwrap("1.3.132.0.33"), "P-224"),
    (ObjectIdentifier::new_unwrap("1.3.132.0.10"), "secp256k1"),
    (
        ObjectIdentifier::new_unwrap("1.3.36.3.3.2.8.1.1.3"),
        "brainpoolP192r1",
    ),
    (
        ObjectIdentifier::new_unwrap("1.3.36.3.3.2.8.1.1.5"),
        "brainpoolP224r1",
    ),
    (
        ObjectIdentifier::new_unwrap("1.3.36.3.3.2.8.1.1.7"),
        "brainpoolP256r1",
    ),
    (
        ObjectIdentifier::new_unwrap("1.3.36.3.3.2.8.1.1.8"),
        "brainpoolP256t1",
    ),
    (
        ObjectIdentifier::new_unwrap("1.3.36.3.3.2.8.1.1.9"),
        "brainpoolP320r1",
    ),
    (
        ObjectIdentifier::new_unwrap("1.3.36.3.3.2.8.1.1.11"),
        "brainpoolP384r1",
    ),
    (
        ObjectIdentifier::new_unwrap("1.3.36.3.3.2.8.1.1.12"),
        "brainpoolP384t1",
    ),
    (
        ObjectIdentifier::new_unwrap("1.3.36.3.3.2.8.1.1.13"),
        "brainpoolP512r1",
    ),
    (
        ObjectIdentifier::new_unwrap("1.3.36.3.3.2.8.1.1.14"),
        "brainpoolP512t1",
    ),
    (ObjectIdentifier::new_unwrap("1.2.156.10197.1.301"), "SM2"),
];

const WHAT: &str = "subjectPublicKeyInfo";

const RSA_ENCRYPTION: ObjectIdentifier = const_oid::db::rfc5912::RSA_ENCRYPTION;
const EC_PUBLIC_KEY: ObjectIdentifier = const_oid::db::rfc5912::ID_EC_PUBLIC_KEY;
const SECP256R1: ObjectIdentifier = const_oid::db::rfc5912::SECP_256_R_1;
const SECP384R1: ObjectIdentifier = const_oid::db::rfc5912::SECP_384_R_1;
const SECP521R1: ObjectIdentifier = const_oid::db::rfc5912::SECP_521_R_1;
const ED25519: ObjectIdentifier = const_oid::db::rfc8410::ID_ED_25519;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_prints_as_people_say_it() {
        let ed448 = const_oid::db::rfc8410::ID_ED_448;
        let koblitz = ObjectIdentifier::new_unwrap("1.3.132.0.10");
        let private = ObjectIdentifier::new_unwrap("1.2.3.4");
        for (kind, printed) in [
            (PublicKeyAlgorithm::EcP256, "P-256"),
            (PublicKeyAlgorithm::Rsa { bits: 1024 }, "RSA 1024"),
            (PublicKeyAlgorithm::MlDsa65, "ML-DSA-65"),
            (PublicKeyAlgorithm::Other(ed448), "id-Ed448"),
            (PublicKeyAlgorithm::Other(private), "1.2.3.4"),
            (PublicKeyAlgorithm::Other(koblitz), "secp256k1"),
        ] {
            assert_eq!(kind.to_string(), printed);
        }
    }
}
