//! Key files that are encrypted: PKCS#8 (RFC 5958 section 3), and OpenSSL's old PEM form.

use der::{Decode, Reader, SliceReader};
use pbe::{
    Budget, EncryptedPrivateKeyInfo, Limits, PasswordOctets, PbeError, PemEncryption, Scheme,
};
use zeroize::Zeroizing;

use super::error::KeyError;
use super::password::Password;

/// Whether this is an `EncryptedPrivateKeyInfo`.
pub(super) fn is_encrypted(der: &[u8]) -> bool {
    EncryptedPrivateKeyInfo::from_der(der).is_ok()
}

/// The PKCS#8 structure of an `EncryptedPrivateKeyInfo`.
pub(super) fn pkcs8(der: &[u8], password: &Password) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let info = EncryptedPrivateKeyInfo::from_der(der).map_err(KeyError::malformed)?;
    let mut budget = Budget::new(LIMITS);
    let mut octets = PasswordOctets::new(password.secret_str());
    Scheme::parse(&info.algorithm, &budget)
        .and_then(|scheme| scheme.decrypt(info.encrypted_data.as_bytes(), &mut octets, &mut budget))
        .map_err(refusal)
        .and_then(whole)
}

/// The structure in a section with the header `DEK-Info`.
pub(super) fn old_pem(
    dek_info: Option<&str>,
    ciphertext: &[u8],
    password: &Password,
) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let dek_info = dek_info.ok_or_else(|| KeyError::malformed("the line DEK-Info is missing"))?;
    PemEncryption::parse(dek_info)
        .and_then(|scheme| scheme.decrypt(ciphertext, password.secret_str()))
        .map_err(refusal)
        .and_then(whole)
}

/// One wrong password in 65,536 leaves padding and the first octet of a SEQUENCE, hardly any the right length.
fn whole(plain: Zeroizing<Vec<u8>>) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let first = SliceReader::new(&plain).and_then(|mut reader| reader.tlv_bytes());
    if first.is_ok_and(|value| value.len() == plain.len()) {
        Ok(plain)
    } else {
        Err(KeyError::Decrypt)
    }
}

fn refusal(error: PbeError) -> KeyError {
    match error {
        PbeError::DecryptFailed => KeyError::Decrypt,
        PbeError::IterationsOutOfRange { got, allowed } if got > i64::from(*allowed.end()) => {
            KeyError::KdfLimit {
                what: "rounds of key derivation".to_owned(),
                limit: u64::from(*allowed.end()),
                got: got.unsigned_abs(),
            }
        }
        PbeError::LimitExceeded { what, limit, got } => KeyError::KdfLimit {
            what: what.to_string(),
            limit,
            got,
        },
        PbeError::UnsupportedAlgorithm { oid } => KeyError::UnsupportedEncryption {
            algorithm: pbe::oid::describe(&oid),
        },
        PbeError::UnsupportedCipher { name } => KeyError::UnsupportedEncryption { algorithm: name },
        other => KeyError::malformed(other),
    }
}

const LIMITS: Limits = Limits {
    salt_len: 1024,
    // About one second of PBKDF2-HMAC-SHA-256.
    iterations: 5_000_000,
    // Two for each round. A password may have two forms.
    hash_blocks: 20_000_000,
    scrypt_memory: 256 * 1024 * 1024,
};
