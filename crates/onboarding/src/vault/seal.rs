//! Encryption under the key of a link.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

/// `plain` under a key that is used once, with `header` in front, which is not encrypted but cannot be changed.
///
/// The nonce is zero: each key is that of one token, and seals once.
pub(super) fn seal(
    key: &[u8; 32],
    header: &[u8],
    plain: &mut Zeroizing<Vec<u8>>,
) -> Option<Vec<u8>> {
    let tag = cipher(key)?
        .seal_in_place_separate_tag(nonce(), Aad::from(header), plain)
        .ok()?;
    Some([header, plain, tag.as_ref()].concat())
}

/// The opposite, where `header_len` bytes are the header.
pub(super) fn open(key: &[u8; 32], header_len: usize, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (header, rest) = sealed.split_at_checked(header_len)?;
    let mut plain = Zeroizing::new(rest.to_vec());
    let len = cipher(key)?
        .open_in_place(nonce(), Aad::from(header), &mut plain)
        .ok()?
        .len();
    plain.truncate(len);
    Some(plain)
}

fn cipher(key: &[u8; 32]) -> Option<LessSafeKey> {
    UnboundKey::new(&AES_256_GCM, key)
        .ok()
        .map(LessSafeKey::new)
}

fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; NONCE_LEN])
}
