//! The public key of a private key in a token.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5912::{ID_EC_PUBLIC_KEY, RSA_ENCRYPTION};
use const_oid::db::rfc8410::ID_ED_25519;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use der::asn1::{Any, BitString, OctetStringRef, UintRef};
use der::{Decode, Encode, Sequence};
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use crate::error::TokenError;
use crate::object::attribute;
use crate::uri::KeyChoice;

/// ```text
/// RSAPublicKey ::= SEQUENCE {
///      modulus           INTEGER,  -- n
///      publicExponent    INTEGER   -- e }
/// ```
///
/// (RFC 8017 appendix A.1.1.)
#[derive(Sequence)]
struct RsaPublicKey<'a> {
    modulus: UintRef<'a>,
    public_exponent: UintRef<'a>,
}

/// The `SubjectPublicKeyInfo` of the key that belongs to `private`: the public key with the same CKA_ID.
pub(crate) fn public_key_der(
    session: &Session,
    private: ObjectHandle,
    wanted: &KeyChoice,
) -> Result<Vec<u8>, TokenError> {
    let no_public = || TokenError::NoPublicKey {
        wanted: wanted.in_words(),
    };
    let kind = match attribute(session, private, AttributeType::KeyType)? {
        Some(Attribute::KeyType(kind)) => kind,
        _ => return Err(TokenError::unsupported("a key without a type")),
    };
    let id = match attribute(session, private, AttributeType::Id)? {
        Some(Attribute::Id(id)) if !id.is_empty() => id,
        _ => return Err(no_public()),
    };
    let template = [
        Attribute::Class(ObjectClass::PUBLIC_KEY),
        Attribute::KeyType(kind),
        Attribute::Id(id),
    ];
    let found = session.find_objects(&template).map_err(TokenError::token)?;
    let public = *found.first().ok_or_else(no_public)?;
    let value = |kind| {
        Ok(attribute(session, public, kind)?
            .and_then(octets)
            .unwrap_or_default())
    };
    let info = match kind {
        KeyType::RSA => {
            let modulus = value(AttributeType::Modulus)?;
            rsa(&modulus, &value(AttributeType::PublicExponent)?)
        }
        KeyType::EC => {
            let curve = value(AttributeType::EcParams)?;
            ec(&curve, &value(AttributeType::EcPoint)?)
        }
        KeyType::EC_EDWARDS => ed25519(&value(AttributeType::EcPoint)?),
        other => return Err(TokenError::unsupported(other.to_string())),
    };
    info.and_then(|info| info.to_der())
        .map_err(|error| TokenError::unsupported(error.to_string()))
}

fn octets(attribute: Attribute) -> Option<Vec<u8>> {
    match attribute {
        Attribute::EcParams(octets)
        | Attribute::EcPoint(octets)
        | Attribute::Modulus(octets)
        | Attribute::PublicExponent(octets) => Some(octets),
        _ => None,
    }
}

fn rsa(modulus: &[u8], public_exponent: &[u8]) -> der::Result<SubjectPublicKeyInfoOwned> {
    let key = RsaPublicKey {
        modulus: UintRef::new(modulus)?,
        public_exponent: UintRef::new(public_exponent)?,
    };
    info(RSA_ENCRYPTION, Some(Any::null()), &key.to_der()?)
}

/// CKA_EC_PARAMS is the DER of the curve's parameters, CKA_EC_POINT that of an OCTET STRING (PKCS#11 section 6.3.3).
fn ec(parameters: &[u8], point: &[u8]) -> der::Result<SubjectPublicKeyInfoOwned> {
    let curve = Any::from_der(parameters)?;
    info(ID_EC_PUBLIC_KEY, Some(curve), unwrapped(point))
}

fn ed25519(point: &[u8]) -> der::Result<SubjectPublicKeyInfoOwned> {
    info(ID_ED_25519, None, unwrapped(point))
}

/// Some tokens leave the OCTET STRING out, against the standard.
fn unwrapped(point: &[u8]) -> &[u8] {
    match <&OctetStringRef>::from_der(point) {
        Ok(octets) => octets.as_bytes(),
        Err(_) => point,
    }
}

fn info(
    oid: ObjectIdentifier,
    parameters: Option<Any>,
    key: &[u8],
) -> der::Result<SubjectPublicKeyInfoOwned> {
    Ok(SubjectPublicKeyInfoOwned {
        algorithm: AlgorithmIdentifierOwned { oid, parameters },
        subject_public_key: BitString::from_bytes(key)?,
    })
}
