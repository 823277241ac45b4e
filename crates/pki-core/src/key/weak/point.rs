//! Keys that are a point of a curve, or of a fixed length.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ECDSA_P521_SHA512_ASN1, ED25519, ML_DSA_44,
    ML_DSA_65, ML_DSA_87, ParsedPublicKey, VerificationAlgorithm,
};
use x509_identity::PublicKeyAlgorithm;

use super::error::WeakKey;

pub(super) fn check(algorithm: PublicKeyAlgorithm, key: &[u8]) -> Result<(), WeakKey> {
    match algorithm {
        PublicKeyAlgorithm::EcP256 => on_curve(&ECDSA_P256_SHA256_ASN1, key),
        PublicKeyAlgorithm::EcP384 => on_curve(&ECDSA_P384_SHA384_ASN1, key),
        PublicKeyAlgorithm::EcP521 => on_curve(&ECDSA_P521_SHA512_ASN1, key),
        PublicKeyAlgorithm::Ed25519 if is_of_small_order(key) => Err(WeakKey::SmallOrder),
        PublicKeyAlgorithm::Ed25519 => readable(&ED25519, key),
        PublicKeyAlgorithm::MlDsa44 => readable(&ML_DSA_44, key),
        PublicKeyAlgorithm::MlDsa65 => readable(&ML_DSA_65, key),
        PublicKeyAlgorithm::MlDsa87 => readable(&ML_DSA_87, key),
        _ => Ok(()),
    }
}

/// RFC 5480 section 2.2 lets compressed points be refused, and many readers do.
fn on_curve(curve: &'static dyn VerificationAlgorithm, key: &[u8]) -> Result<(), WeakKey> {
    if !is_uncompressed(key) {
        return Err(WeakKey::NotOnCurve);
    }
    readable(curve, key).map_err(|_| WeakKey::NotOnCurve)
}

pub(super) fn is_uncompressed(point: &[u8]) -> bool {
    point.first() == Some(&UNCOMPRESSED)
}

fn readable(algorithm: &'static dyn VerificationAlgorithm, key: &[u8]) -> Result<(), WeakKey> {
    match ParsedPublicKey::new(algorithm, key) {
        Ok(_) => Ok(()),
        Err(_) => Err(WeakKey::Malformed),
    }
}

/// Whether eight times the point is the neutral one.
fn is_of_small_order(key: &[u8]) -> bool {
    let Ok(mut point) = <[u8; 32]>::try_from(key) else {
        return false;
    };
    // The sign of x.
    point[31] &= 0x7f;
    SMALL_ORDER.contains(&point)
}

const UNCOMPRESSED: u8 = 4;

/// The y of the points of order 1, 2, 4 and 8, little-endian, with those that are written as y + p.
const SMALL_ORDER: [[u8; 32]; 7] = [
    with_ends(0, 0, 0),
    with_ends(1, 0, 0),
    with_ends(0xec, 0xff, 0x7f),
    with_ends(0xed, 0xff, 0x7f),
    with_ends(0xee, 0xff, 0x7f),
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
];

const fn with_ends(first: u8, between: u8, last: u8) -> [u8; 32] {
    let mut point = [between; 32];
    point[0] = first;
    point[31] = last;
    point
}
