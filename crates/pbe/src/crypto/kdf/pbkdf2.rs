//! PBKDF2 (RFC 8018 section 5.2).

use std::num::NonZeroU32;

use aws_lc_rs::{hmac, pbkdf2};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::crypto::Digest;

/// The initial value of FIPS 180-4 section 5.3.3.
pub(super) const SHA_256_INITIAL: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// Derives `len` octets with HMAC over `digest`, in one round or more.
#[must_use]
pub fn pbkdf2(
    digest: Digest,
    password: &[u8],
    salt: &[u8],
    iterations: u32,
    len: usize,
) -> Zeroizing<Vec<u8>> {
    let algorithm = match digest {
        // The usual case, by the shorter way.
        Digest::Sha256 if len == 32 => {
            let [key] = pbkdf2_sha256_together(password, [salt], iterations);
            return key;
        }
        Digest::Sha1 => pbkdf2::PBKDF2_HMAC_SHA1,
        Digest::Sha224 => return by_definition(digest, password, salt, iterations, len),
        Digest::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
        Digest::Sha384 => pbkdf2::PBKDF2_HMAC_SHA384,
        Digest::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
    };
    let mut key = Zeroizing::new(vec![0; len]);
    let iterations = NonZeroU32::new(iterations).unwrap_or(NonZeroU32::MIN);
    pbkdf2::derive(algorithm, iterations, salt, password, &mut key);
    key
}

/// The steps of RFC 8018 section 5.2, for the hash that aws-lc does not offer it with.
fn by_definition(
    digest: Digest,
    password: &[u8],
    salt: &[u8],
    iterations: u32,
    len: usize,
) -> Zeroizing<Vec<u8>> {
    let key = hmac::Key::new(digest.hmac(), password);
    let mut output = Zeroizing::new(Vec::with_capacity(len + digest.output_len()));
    for block in 1_u32.. {
        if output.len() >= len {
            break;
        }
        // Step 3: T_i = U_1 xor .. xor U_c.
        let mut u = hmac::sign(&key, &[salt, &block.to_be_bytes()].concat());
        let mut t = Zeroizing::new(u.as_ref().to_vec());
        for _ in 1..iterations {
            u = hmac::sign(&key, u.as_ref());
            t.iter_mut().zip(u.as_ref()).for_each(|(t, u)| *t ^= u);
        }
        output.extend_from_slice(&t);
    }
    output.truncate(len);
    output
}

/// One 32-octet key for each salt, with HMAC-SHA-256.
///
/// The derivations go round by round side by side, so that the core overlaps them. Measured for
/// two: aws-lc takes half as long again, and a quarter longer for one.
#[must_use]
pub fn pbkdf2_sha256_together<const N: usize>(
    password: &[u8],
    salts: [&[u8]; N],
    iterations: u32,
) -> [Zeroizing<Vec<u8>>; N] {
    let key = hmac::Key::new(hmac::HMAC_SHA256, password);
    let mut lanes = salts.map(|salt| {
        let first = hmac::sign(&key, &[salt, &1_u32.to_be_bytes()].concat());
        HmacLane::new(password, first.as_ref())
    });
    for _ in 1..iterations {
        lanes.iter_mut().for_each(HmacLane::inner_half);
        lanes.iter_mut().for_each(HmacLane::outer_half);
    }
    lanes.map(|lane| {
        Zeroizing::new(
            lane.sum
                .iter()
                .flat_map(|word| word.to_be_bytes())
                .collect(),
        )
    })
}

/// HMAC-SHA-256 of its own output (RFC 2104), from the two states that the key leaves behind.
#[derive(Zeroize, ZeroizeOnDrop)]
struct HmacLane {
    inner: [u32; 8],
    outer: [u32; 8],
    block: [u8; 64],
    sum: [u32; 8],
}

impl HmacLane {
    fn new(password: &[u8], first: &[u8]) -> Self {
        let mut key = Zeroizing::new([0; 64]);
        if password.len() > key.len() {
            let hashed = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, password);
            key[..32].copy_from_slice(hashed.as_ref());
        } else {
            key[..password.len()].copy_from_slice(password);
        }
        let keyed = |pad: u8| {
            let mut state = SHA_256_INITIAL;
            let block = Zeroizing::new(key.map(|octet| octet ^ pad));
            sha2::block_api::compress256(&mut state, std::slice::from_ref(&block));
            state
        };
        let mut block = [0; 64];
        block[..32].copy_from_slice(first);
        // Always the same length: one block of key and 32 octets of hash.
        block[32] = 0x80;
        block[56..].copy_from_slice(&(8_u64 * (64 + 32)).to_be_bytes());
        let mut sum = [0; 8];
        for (word, octets) in sum.iter_mut().zip(block.chunks_exact(4)) {
            *word = octets
                .iter()
                .fold(0, |word, octet| word << 8 | u32::from(*octet));
        }
        Self {
            inner: keyed(0x36),
            outer: keyed(0x5C),
            block,
            sum,
        }
    }

    #[inline]
    fn inner_half(&mut self) {
        self.compress(self.inner);
    }

    #[inline]
    fn outer_half(&mut self) {
        let state = self.compress(self.outer);
        self.sum
            .iter_mut()
            .zip(state)
            .for_each(|(sum, word)| *sum ^= word);
    }

    #[inline]
    fn compress(&mut self, mut state: [u32; 8]) -> [u32; 8] {
        sha2::block_api::compress256(&mut state, std::slice::from_ref(&self.block));
        for (octets, word) in self.block.chunks_exact_mut(4).zip(state) {
            octets.copy_from_slice(&word.to_be_bytes());
        }
        state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_ways_derive_the_same_key() {
        for password in [b"".as_slice(), b"MyP12Passw0rd", &[b'x'; 64], &[b'x'; 65]] {
            for iterations in [1, 2, 100] {
                let salts = [b"salt".as_slice(), &[7; 16]];
                let together = pbkdf2_sha256_together(password, salts, iterations);
                for (key, salt) in together.iter().zip(salts) {
                    // Not 32 octets, so that aws-lc answers.
                    let long = pbkdf2(Digest::Sha256, password, salt, iterations, 33);
                    assert_eq!(**key, long[..32]);
                    assert_eq!(
                        *key,
                        by_definition(Digest::Sha256, password, salt, iterations, 32)
                    );
                }
            }
        }
        let long = by_definition(Digest::Sha1, b"p", b"s", 3, 50);
        assert_eq!(long, pbkdf2(Digest::Sha1, b"p", b"s", 3, 50));
    }
}
