//! Whether one certificate issued another (RFC 5280 section 6.1.3, without time and revocation).

use der::asn1::{AnyRef, BitStringRef};
use der::{Decode, Encode, Sequence};
use spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use x509_identity::Certificate;

use crate::error::BrokenLink;

/// By name, by key identifier where both have one, as a CA, and by signature.
pub(crate) fn check(child: &Certificate, issuer: &Certificate) -> Result<(), BrokenLink> {
    names_issuer(child, issuer)?;
    if !issuer.is_ca() {
        return Err(BrokenLink::NotACa);
    }
    is_signed_by(child, issuer)
}

/// By name, and by key identifier where both have one.
pub(crate) fn names_issuer(child: &Certificate, issuer: &Certificate) -> Result<(), BrokenLink> {
    if child.issuer_der() != issuer.subject_der() {
        return Err(BrokenLink::NameMismatch);
    }
    match (child.authority_key_id(), issuer.subject_key_id()) {
        (Some(wanted), Some(found)) if wanted != found => Err(BrokenLink::KeyIdentifierMismatch),
        _ => Ok(()),
    }
}

/// The outer structure of a certificate, RFC 5280 section 4.1, with its parts as they are.
#[derive(Sequence)]
struct Signed<'a> {
    tbs: AnyRef<'a>,
    algorithm: AlgorithmIdentifierRef<'a>,
    signature: BitStringRef<'a>,
}

fn is_signed_by(child: &Certificate, issuer: &Certificate) -> Result<(), BrokenLink> {
    // Both parsed before, so the errors here say no more than "not signed".
    let bad = |_| BrokenLink::BadSignature;
    let signed = Signed::from_der(child.der()).map_err(bad)?;
    let tbs = signed.tbs.to_der().map_err(bad)?;
    let signature_id = content_of(&signed.algorithm).map_err(bad)?;
    let key = SubjectPublicKeyInfoRef::from_der(issuer.spki_der()).map_err(bad)?;
    let key_id = content_of(&key.algorithm).map_err(bad)?;
    let algorithm = webpki::ALL_VERIFICATION_ALGS
        .iter()
        .find(|algorithm| {
            algorithm.signature_alg_id().as_ref() == signature_id
                && algorithm.public_key_alg_id().as_ref() == key_id
        })
        .ok_or(BrokenLink::UnknownSignatureAlgorithm)?;
    algorithm
        .verify_signature(
            key.subject_public_key.raw_bytes(),
            &tbs,
            signed.signature.raw_bytes(),
        )
        .map_err(|_| BrokenLink::BadSignature)
}

/// An algorithm without the header of its SEQUENCE, as webpki names them.
fn content_of(algorithm: &AlgorithmIdentifierRef<'_>) -> der::Result<Vec<u8>> {
    let der = algorithm.to_der()?;
    Ok(AnyRef::from_der(&der)?.value().to_vec())
}
