//! PBKDF2 (RFC 8018 section 5.2).

use std::num::NonZeroU32;

use ::pbkdf2::pbkdf2_hmac;
use aws_lc_rs::{hmac, pbkdf2};
use sha2::{Sha224, Sha512_224, Sha512_256};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::crypto::{Digest, Prf};

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

/// Derives `len` octets with `prf`, in one round or more.
#[must_use]
pub fn pbkdf2(
    prf: impl Into<Prf>,
    password: &[u8],
    salt: &[u8],
    iterations: u32,
    len: usize,
) -> Zeroizing<Vec<u8>> {
    let prf = prf.into();
    let mut key = Zeroizing::new(vec![0; len]);
    let iterations = iterations.max(1);
    let algorithm = match prf {
        // The usual case, by the shorter way.
        Prf::Hmac(Digest::Sha256) if len == 32 => {
            let [key] = pbkdf2_sha256_together(password, [salt], iterations);
            return key;
        }
        // What aws-lc does not offer it with.
        Prf::Hmac(Digest::Sha224) => {
            pbkdf2_hmac::<Sha224>(password, salt, iterations, &mut key);
            return key;
        }
        Prf::HmacSha512_224 => {
            pbkdf2_hmac::<Sha512_224>(password, salt, iterations, &mut key);
            return key;
        }
        Prf::HmacSha512_256 => {
            pbkdf2_hmac::<Sha512_256>(password, salt, iterations, &mut key);
            return key;
        }
        Prf::Hmac(Digest::Sha1) => pbkdf2::PBKDF2_HMAC_SHA1,
        Prf::Hmac(Digest::Sha256) => pbkdf2::PBKDF2_HMAC_SHA256,
        Prf::Hmac(Digest::Sha384) => pbkdf2::PBKDF2_HMAC_SHA384,
        Prf::Hmac(Digest::Sha512) => pbkdf2::PBKDF2_HMAC_SHA512,
    };
    let iterations = NonZeroU32::new(iterations).unwrap_or(NonZeroU32::MIN);
    pbkdf2::derive(algorithm, iterations, salt, password, &mut key);
    key
}

/// The hash blocks that a derivation of `len` octets takes: an HMAC is two for each round and each block of output,
/// once its key is prepared. The few of the first round are not counted.
#[must_use]
pub(crate) fn blocks(prf: Prf, iterations: u32, len: usize) -> u64 {
    2 * u64::from(iterations) * len.div_ceil(prf.output_len()) as u64
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
                }
            }
        }
    }

    /// By `openssl kdf -keylen 40 -kdfopt digest:... -kdfopt pass:password -kdfopt salt:saltsalt -kdfopt iter:3 PBKDF2`.
    #[test]
    fn functions_that_few_files_have_agree_with_openssl() {
        for (prf, expected) in [
            (
                Prf::Hmac(Digest::Sha224),
                "48DE6790DF14393BABEB1C44A2CAC4E753DEA5BA0403379A471B9DEA3FD453673CC33BB650D8CC3C",
            ),
            (
                Prf::HmacSha512_224,
                "7C990CFD698666F417535BAA432F88128AF50B34BE86FF95FEFC8CA75836036BBCEE6A84035CA173",
            ),
            (
                Prf::HmacSha512_256,
                "F37E04A725687FE07CF66CF7C7D7D83598EF4D58D22C08DAEC93EA106EE82EA2F219FB8C12836051",
            ),
        ] {
            let key = pbkdf2(prf, b"password", b"saltsalt", 3, 40);
            let hex: String = key.iter().map(|octet| format!("{octet:02X}")).collect();
            assert_eq!(hex, expected, "{prf:?}");
        }
    }

    #[test]
    fn each_block_of_output_costs_two_hash_blocks_a_round() {
        for (prf, len, cost) in [
            (Prf::Hmac(Digest::Sha1), 20, 2),
            (Prf::Hmac(Digest::Sha1), 32, 4),
            (Prf::Hmac(Digest::Sha224), 64, 6),
            (Prf::Hmac(Digest::Sha256), 32, 2),
            (Prf::Hmac(Digest::Sha256), 33, 4),
            (Prf::HmacSha512_224, 32, 4),
        ] {
            assert_eq!(blocks(prf, 1000, len), 1000 * cost, "{prf:?} {len}");
        }
    }
}
