//! Public keys that nobody should certify: malformed ones, and those whose private key can be found.

mod blocklist;
mod error;
mod fermat;
mod point;
mod residues;
mod rsa;

use x509_identity::PublicKeyAlgorithm;

use crate::verify::signature::key_bits;

pub use blocklist::{BlocklistError, KeyBlocklist};
pub use error::WeakKey;

/// Says what makes a public key (`SubjectPublicKeyInfo` DER) one that must not be certified, if anything does.
///
/// For RSA what the CA/Browser Forum asks for (Baseline Requirements 6.1.1.3 and 6.1.6): an odd modulus without a prime
/// factor below 752, prime factors that 100 rounds of Fermat's method do not find, no key of the ROCA generator
/// (CVE-2017-15361), an odd exponent from 65537 to 2^256. For elliptic curves an uncompressed point on the curve (NIST SP
/// 800-56A 5.6.2.3), for Ed25519 a point that is not of small order, for ML-DSA the right length. Of other kinds nothing
/// is known here, and nothing said: a profile certifies none of them.
///
/// Some 10 µs for RSA of 2048 bits in a release build.
///
/// # Errors
///
/// [`WeakKey`], whose sentence is for the applicant.
pub fn check_public_key(spki_der: &[u8]) -> Result<(), WeakKey> {
    let algorithm = PublicKeyAlgorithm::from_spki(spki_der).map_err(|_| WeakKey::Malformed)?;
    check(algorithm, spki_der)
}

/// Whether this is a point of a NIST curve, written in full. Whether it lies on the curve is not checked.
pub(crate) fn is_uncompressed_point(algorithm: PublicKeyAlgorithm, spki_der: &[u8]) -> bool {
    let is_of_curve = matches!(
        algorithm,
        PublicKeyAlgorithm::EcP256 | PublicKeyAlgorithm::EcP384 | PublicKeyAlgorithm::EcP521
    );
    is_of_curve && key_bits(spki_der).is_ok_and(point::is_uncompressed)
}

/// [`check_public_key`], for a key whose algorithm was read already.
pub(crate) fn check(algorithm: PublicKeyAlgorithm, spki_der: &[u8]) -> Result<(), WeakKey> {
    let key = key_bits(spki_der).map_err(|_| WeakKey::Malformed)?;
    match algorithm {
        PublicKeyAlgorithm::Rsa { .. } => rsa::check(key),
        algorithm => point::check(algorithm, key),
    }
}
