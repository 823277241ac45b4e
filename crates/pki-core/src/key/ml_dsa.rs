//! ML-DSA keys (RFC 9881): their kinds, and how they are written.

use aws_lc_rs::encoding::AsRawBytes;
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::signature::{ML_DSA_44_SIGNING, ML_DSA_65_SIGNING, PqdsaKeyPair};
use der::Encode;
use der::asn1::OctetStringRef;
use pkcs8::PrivateKeyInfoRef;
use spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use super::kind::KeyKind;

pub(super) fn kind(key: &PqdsaKeyPair) -> KeyKind {
    if *key.algorithm() == ML_DSA_44_SIGNING {
        KeyKind::MlDsa44
    } else if *key.algorithm() == ML_DSA_65_SIGNING {
        KeyKind::MlDsa65
    } else {
        KeyKind::MlDsa87
    }
}

/// PKCS#8 with the seed, which RFC 9881 section 6 recommends; with the expanded key where a file had that alone, as no
/// seed can be found for it.
pub(super) fn pkcs8(key: &PqdsaKeyPair) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
    match key.to_pkcs8v1() {
        Ok(document) => Ok(Zeroizing::new(document.as_ref().to_vec())),
        Err(Unspecified) => expanded(key),
    }
}

fn expanded(key: &PqdsaKeyPair) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
    let raw = key.private_key().as_raw_bytes()?;
    let encoded = OctetStringRef::new(raw.as_ref()).and_then(|key| key.to_der());
    let encoded = Zeroizing::new(encoded.map_err(|_| Unspecified)?);
    let algorithm = AlgorithmIdentifierRef {
        oid: kind(key).signature_algorithm().identifier().oid,
        parameters: None,
    };
    OctetStringRef::new(&encoded)
        .and_then(|key| PrivateKeyInfoRef::new(algorithm, key).to_der())
        .map(Zeroizing::new)
        .map_err(|_| Unspecified)
}
