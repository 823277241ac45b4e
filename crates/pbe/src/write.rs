//! The two schemes that are written.

use const_oid::ObjectIdentifier;
use der::asn1::{Any, AnyRef, OctetString, OctetStringRef};
use der::referenced::OwnedToRef;
use der::{Decode, Encode};
use spki::{AlgorithmIdentifierOwned, AlgorithmIdentifierRef};

use crate::asn1::{Pbes2Params, Pbkdf2Params, Pkcs12PbeParams, oid};
use crate::crypto::Digest;

/// The algorithm of 3DES with the derivation of RFC 7292 appendix C, for what old devices read.
///
/// # Errors
///
/// If a salt is longer than DER can say.
pub fn pbes1_3des(salt: &[u8], iterations: u32) -> der::Result<AlgorithmIdentifierOwned> {
    let params = Pkcs12PbeParams {
        salt: OctetStringRef::new(salt)?,
        iterations: iterations.into(),
    };
    algorithm(oid::PBE_3DES, &params)
}

/// The algorithm of AES-256-CBC with PBKDF2 and HMAC-SHA-256, as PBES2.
///
/// # Errors
///
/// If a salt or an initialisation vector is longer than DER can say.
pub fn pbes2_aes256(
    salt: &[u8],
    iterations: u32,
    iv: &[u8],
) -> der::Result<AlgorithmIdentifierOwned> {
    // Apple reads the function only if it is there with its NULL, and takes no other.
    let prf = AlgorithmIdentifierRef {
        oid: Digest::Sha256.hmac_oid(),
        parameters: Some(AnyRef::NULL),
    };
    let key_derivation = Pbkdf2Params {
        salt: OctetStringRef::new(salt)?,
        iterations: iterations.into(),
        key_length: None,
        prf: Some(prf),
    };
    let key_derivation = algorithm(oid::PBKDF2, &key_derivation)?;
    let encryption = algorithm(oid::AES_256_CBC, &OctetString::new(iv)?)?;
    let params = Pbes2Params {
        key_derivation: key_derivation.owned_to_ref(),
        encryption: encryption.owned_to_ref(),
    };
    algorithm(oid::PBES2, &params)
}

fn algorithm<T: Encode>(
    oid: ObjectIdentifier,
    params: &T,
) -> der::Result<AlgorithmIdentifierOwned> {
    Ok(AlgorithmIdentifierOwned {
        oid,
        parameters: Some(Any::from_der(&params.to_der()?)?),
    })
}
