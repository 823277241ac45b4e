//! The derivations from before PBKDF2: PBKDF1 (RFC 8018 section 5.1), and the one of OpenSSL's old PEM form.

use md5::Md5;
use sha1::Sha1;
use sha2::Digest as _;
use zeroize::Zeroizing;

/// The hash of a PBES1 scheme.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Pbes1Hash {
    Md5,
    Sha1,
}

/// The sixteen octets of PBES1: a key of eight, and an initialisation vector of eight (RFC 8018 section 6.1.1).
pub(crate) fn pbkdf1(
    hash: Pbes1Hash,
    password: &[u8],
    salt: &[u8],
    iterations: u32,
) -> Zeroizing<[u8; 16]> {
    let mut output = Zeroizing::new([0; 16]);
    match hash {
        Pbes1Hash::Md5 => output.copy_from_slice(&repeated::<Md5>(password, salt, iterations)),
        Pbes1Hash::Sha1 => {
            output.copy_from_slice(&repeated::<Sha1>(password, salt, iterations)[..16]);
        }
    }
    output
}

/// T_c of RFC 8018 section 5.1.
fn repeated<D: sha2::Digest>(password: &[u8], salt: &[u8], iterations: u32) -> Zeroizing<Vec<u8>> {
    let first = D::new().chain_update(password).chain_update(salt);
    let mut hash = Zeroizing::new(first.finalize().to_vec());
    for _ in 1..iterations {
        let next = D::digest(&*hash);
        hash.copy_from_slice(&next);
    }
    hash
}

/// `EVP_BytesToKey` of OpenSSL with MD5 and one round, which is all that its old PEM form ever had.
pub(crate) fn evp_bytes_to_key(password: &[u8], salt: &[u8], len: usize) -> Zeroizing<Vec<u8>> {
    const MD5_LEN: usize = 16;
    let mut key = Zeroizing::new(Vec::with_capacity(len + MD5_LEN));
    while key.len() < len {
        let before = &key[key.len().saturating_sub(MD5_LEN)..];
        let block = Md5::new()
            .chain_update(before)
            .chain_update(password)
            .chain_update(salt)
            .finalize();
        key.extend_from_slice(&block);
    }
    key.truncate(len);
    key
}
