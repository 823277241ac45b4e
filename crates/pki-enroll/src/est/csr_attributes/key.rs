//! The kind of key that a CSR should have.

use const_oid::db::{fips204, rfc5912, rfc8410};
use der::asn1::{Any, BitString, Null, SetOfVec, UintRef};
use der::{Encode as _, Sequence};
use pki_core::KeyKind;
use spki::AlgorithmIdentifierOwned;
use x509_cert::attr::Attribute;

use super::template::KeyTemplate;

/// As RFC 7030 has it, and RFC 9908 section 3.2: the algorithm with its curve, or the size of an RSA key.
pub(super) fn attribute(kind: KeyKind) -> der::Result<Attribute> {
    let algorithm = algorithm(kind)?;
    let mut values = SetOfVec::new();
    if let Some(bits) = rsa_bits(kind) {
        values.insert(Any::encode_from(&bits)?)?;
    } else if let Some(curve) = algorithm.parameters {
        values.insert(curve)?;
    }
    let oid = algorithm.oid;
    Ok(Attribute { oid, values })
}

/// As RFC 9908 section 3.4 has it: an RSA key of that size with a modulus that stands for another one.
pub(super) fn template(kind: KeyKind) -> der::Result<KeyTemplate> {
    let key = match rsa_bits(kind) {
        Some(bits) => Some(BitString::from_bytes(&placeholder(bits)?)?),
        None => None,
    };
    let algorithm = algorithm(kind)?;
    Ok(KeyTemplate { algorithm, key })
}

fn algorithm(kind: KeyKind) -> der::Result<AlgorithmIdentifierOwned> {
    use KeyKind as K;
    let (oid, parameters) = match kind {
        K::P256 => (rfc5912::ID_EC_PUBLIC_KEY, Some(rfc5912::SECP_256_R_1)),
        K::P384 => (rfc5912::ID_EC_PUBLIC_KEY, Some(rfc5912::SECP_384_R_1)),
        K::P521 => (rfc5912::ID_EC_PUBLIC_KEY, Some(rfc5912::SECP_521_R_1)),
        K::Rsa2048 | K::Rsa3072 | K::Rsa4096 => (rfc5912::RSA_ENCRYPTION, None),
        K::Ed25519 => (rfc8410::ID_ED_25519, None),
        K::MlDsa44 => (fips204::ID_ML_DSA_44, None),
        K::MlDsa65 => (fips204::ID_ML_DSA_65, None),
        K::MlDsa87 => (fips204::ID_ML_DSA_87, None),
        _ => return Err(der::ErrorKind::Failed.into()),
    };
    let parameters = match parameters {
        Some(curve) => Some(Any::encode_from(&curve)?),
        None if kind.is_rsa() => Some(Any::encode_from(&Null)?),
        None => None,
    };
    Ok(AlgorithmIdentifierOwned { oid, parameters })
}

fn rsa_bits(kind: KeyKind) -> Option<u16> {
    match kind {
        KeyKind::Rsa2048 => Some(2048),
        KeyKind::Rsa3072 => Some(3072),
        KeyKind::Rsa4096 => Some(4096),
        _ => None,
    }
}

/// RFC 8017 appendix A.1.1.
///
/// ```text
/// RSAPublicKey ::= SEQUENCE {
///     modulus           INTEGER,
///     publicExponent    INTEGER }
/// ```
#[derive(Sequence)]
struct RsaPublicKey<'a> {
    modulus: UintRef<'a>,
    public_exponent: u32,
}

fn placeholder(bits: u16) -> der::Result<Vec<u8>> {
    let mut modulus = vec![0; usize::from(bits / 8)];
    if let Some(first) = modulus.first_mut() {
        *first = 0x80;
    }
    let key = RsaPublicKey {
        modulus: UintRef::new(&modulus)?,
        public_exponent: 65537,
    };
    key.to_der()
}
