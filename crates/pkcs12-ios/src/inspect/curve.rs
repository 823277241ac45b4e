//! By what Apple's decoder knows the curve of an ECDSA key (`SecECKey.m`): by the name within the key or, without one, by
//! the length of the private value. What the PKCS#8 around it says is not looked at.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5912::{
    ID_EC_PUBLIC_KEY, SECP_224_R_1, SECP_256_R_1, SECP_384_R_1, SECP_521_R_1,
};
use der::Decode as _;
use pkcs8::PrivateKeyInfoRef;

use crate::asn1::EcPrivateKey;

/// Why the decoder takes the key for one on another curve, or for none at all.
pub(super) fn mistaken(pkcs8: &[u8]) -> Option<String> {
    let outer = PrivateKeyInfoRef::from_der(pkcs8).ok()?;
    if outer.algorithm.oid != ID_EC_PUBLIC_KEY {
        return None;
    }
    let inner = EcPrivateKey::from_der(outer.private_key.as_bytes()).ok()?;
    let named: ObjectIdentifier = outer.algorithm.parameters?.decode_as().ok()?;
    let (_, right, name) = CURVES.iter().find(|(oid, ..)| *oid == named)?;
    let octets = inner.private_key.as_bytes().len();
    if inner.parameters.is_some() || octets == *right {
        return None;
    }
    let taken = CURVES.iter().find(|(_, length, _)| *length == octets);
    let taken = taken.map_or("none that it knows", |(.., other)| other);
    Some(format!(
        "its private value has {octets} octets and not the {right} of {name}, and no name of a curve stands beside it: its \
         decoder takes the curve from the length, and that is {taken}"
    ))
}

/// The curves that it knows, with the octets of a private value.
const CURVES: [(ObjectIdentifier, usize, &str); 5] = [
    (PRIME_192_V_1, 24, "P-192"),
    (SECP_224_R_1, 28, "P-224"),
    (SECP_256_R_1, 32, "P-256"),
    (SECP_384_R_1, 48, "P-384"),
    (SECP_521_R_1, 66, "P-521"),
];

/// prime192v1 (RFC 3279 section 2.3.5), which `const-oid` has no name for.
const PRIME_192_V_1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.1");
