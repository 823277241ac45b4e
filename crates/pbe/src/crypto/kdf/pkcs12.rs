//! The key derivation of RFC 7292 appendix B, several keys at a time.
//!
//! Each round hashes the one before, so one derivation keeps a core waiting for itself. A file
//! needs up to seven, and independent rounds side by side overlap in the pipeline: measured with
//! SHA-NI, two SHA-1 rounds take the time of one.

use aws_lc_rs::digest;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::crypto::Digest;

/// What derived octets are for (RFC 7292 appendix B.3).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum Purpose {
    /// A key for encryption.
    EncryptionKey = 1,
    /// An initialisation vector.
    Iv = 2,
    /// A key for a MAC.
    MacKey = 3,
}

/// One derivation.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// What it is for.
    pub purpose: Purpose,
    /// In UTF-16BE, ending in two zero octets (appendix B.1).
    pub password: &'a [u8],
    /// Any number of octets.
    pub salt: &'a [u8],
    /// Rounds, 1 or more.
    pub iterations: u32,
    /// Octets wanted.
    pub len: usize,
}

impl Request<'_> {
    /// What it costs, in hash blocks (see [`Budget`](crate::Budget)).
    #[must_use]
    pub fn cost(&self, digest: Digest) -> u64 {
        blocks(digest, self.iterations, self.len)
    }
}

/// Derives what each request asks for, in their order.
#[must_use]
pub fn derive(digest: Digest, requests: &[Request<'_>]) -> Vec<Zeroizing<Vec<u8>>> {
    let mut derivations: Vec<_> = requests
        .iter()
        .map(|request| Derivation::start(digest, request))
        .collect();
    loop {
        let mut unfinished: Vec<_> = derivations
            .iter_mut()
            .filter(|d| !d.is_finished())
            .collect();
        if unfinished.is_empty() {
            return derivations.into_iter().map(|d| d.output).collect();
        }
        // Step 6A, first round.
        let mut rounds: Vec<_> = unfinished
            .iter()
            .map(|d| (d.first_hash(digest), d.iterations.saturating_sub(1)))
            .collect();
        // Step 6A, the other rounds.
        match digest {
            Digest::Sha1 => hash_together::<Sha1Lane>(&mut rounds),
            Digest::Sha224 => hash_together::<Sha224Lane>(&mut rounds),
            Digest::Sha256 => hash_together::<Sha256Lane>(&mut rounds),
            _ => hash_in_turn(digest, &mut rounds),
        }
        for (derivation, (hash, _)) in unfinished.iter_mut().zip(&rounds) {
            derivation.take(digest, hash);
        }
    }
}

/// The hash blocks that a derivation of `len` octets takes: one for each round and each block of output. The few of
/// the first round are not counted.
#[must_use]
pub(crate) fn blocks(digest: Digest, iterations: u32, len: usize) -> u64 {
    u64::from(iterations) * len.div_ceil(digest.output_len()) as u64
}

type Hash = Zeroizing<Vec<u8>>;

/// A derivation between two blocks of its output.
struct Derivation {
    /// `D ‖ I` of the appendix.
    input: Zeroizing<Vec<u8>>,
    iterations: u32,
    output: Zeroizing<Vec<u8>>,
    len: usize,
}

impl Derivation {
    fn start(digest: Digest, request: &Request<'_>) -> Self {
        let v = digest.block_len();
        // Steps 1 to 4: the diversifier, the salt and the password, each filled up to whole blocks.
        let (salt, password) = (request.salt, request.password);
        let filled = |len: usize| len.div_ceil(v) * v;
        let mut input = Zeroizing::new(Vec::with_capacity(
            v + filled(salt.len()) + filled(password.len()),
        ));
        input.resize(v, request.purpose as u8);
        input.extend(salt.iter().cycle().take(filled(salt.len())));
        input.extend(password.iter().cycle().take(filled(password.len())));
        let output = Zeroizing::new(Vec::with_capacity(request.len + digest.output_len()));
        Self {
            input,
            iterations: request.iterations,
            output,
            len: request.len,
        }
    }

    fn is_finished(&self) -> bool {
        self.output.len() == self.len
    }

    fn first_hash(&self, digest: Digest) -> Hash {
        Zeroizing::new(
            digest::digest(digest.algorithm(), &self.input)
                .as_ref()
                .to_vec(),
        )
    }

    fn take(&mut self, digest: Digest, hash: &[u8]) {
        // Step 7.
        self.output.extend_from_slice(hash);
        self.output.truncate(self.len);
        // Step 6B: B is the hash, repeated over a block.
        let v = digest.block_len();
        let addend: Zeroizing<Vec<u8>> =
            Zeroizing::new(hash.iter().copied().cycle().take(v).collect());
        // Step 6C: each block of I becomes I + B + 1, modulo 2^(8v).
        for block in self.input[v..].chunks_exact_mut(v) {
            let mut carry = 1;
            for (octet, add) in block.iter_mut().zip(addend.iter()).rev() {
                carry += u16::from(*octet) + u16::from(*add);
                *octet = carry as u8;
                carry >>= 8;
            }
        }
    }
}

fn hash_in_turn(digest: Digest, rounds: &mut [(Hash, u32)]) {
    for (hash, left) in rounds {
        for _ in 0..*left {
            let next = digest::digest(digest.algorithm(), hash);
            hash.copy_from_slice(next.as_ref());
        }
    }
}

/// A hash of its own output: one block that is compressed again and again.
trait Lane: Sized {
    fn new(hash: &[u8]) -> Self;
    fn round(&mut self);
    fn hash(&self) -> &[u8];
}

fn hash_together<L: Lane>(rounds: &mut [(Hash, u32)]) {
    let mut lanes: Vec<(L, u32)> = rounds
        .iter()
        .map(|(hash, left)| (L::new(hash), *left))
        .collect();
    // As far as all of them go, then on without those that are done.
    while let Some(common) = lanes
        .iter()
        .map(|(_, left)| *left)
        .filter(|left| *left > 0)
        .min()
    {
        let mut running: Vec<_> = lanes.iter_mut().filter(|(_, left)| *left > 0).collect();
        for _ in 0..common {
            for (lane, _) in &mut running {
                lane.round();
            }
        }
        for (_, left) in running {
            *left -= common;
        }
    }
    for ((hash, _), (lane, _)) in rounds.iter_mut().zip(&lanes) {
        hash.copy_from_slice(lane.hash());
    }
}

macro_rules! lane {
    ($(#[$doc:meta])* $name:ident, $compress:path, $len:literal, $initial:expr) => {
        $(#[$doc])*
        #[derive(Zeroize, ZeroizeOnDrop)]
        struct $name([u8; 64]);

        impl Lane for $name {
            fn new(hash: &[u8]) -> Self {
                let mut block = [0; 64];
                block[..$len].copy_from_slice(hash);
                // FIPS 180-4 section 5.1.1: a one bit, zeros, and the length in bits.
                block[$len] = 0x80;
                block[56..].copy_from_slice(&(8_u64 * $len).to_be_bytes());
                Self(block)
            }

            #[inline]
            fn round(&mut self) {
                let mut state = $initial;
                $compress(&mut state, std::slice::from_ref(&self.0));
                for (octets, word) in self.0[..$len].chunks_exact_mut(4).zip(state) {
                    octets.copy_from_slice(&word.to_be_bytes());
                }
            }

            fn hash(&self) -> &[u8] {
                &self.0[..$len]
            }
        }
    };
}

lane!(
    /// SHA-1, from the initial value of FIPS 180-4 section 5.3.1.
    Sha1Lane,
    sha1::block_api::compress,
    20,
    [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0]
);
lane!(
    /// SHA-224, from the initial value of FIPS 180-4 section 5.3.2.
    Sha224Lane,
    sha2::block_api::compress256,
    28,
    [
        0xc105_9ed8, 0x367c_d507, 0x3070_dd17, 0xf70e_5939, 0xffc0_0b31, 0x6858_1511, 0x64f9_8fa7, 0xbefa_4fa4,
    ]
);
lane!(
    /// SHA-256, from the initial value of FIPS 180-4 section 5.3.3.
    Sha256Lane,
    sha2::block_api::compress256,
    32,
    super::pbkdf2::SHA_256_INITIAL
);

#[cfg(test)]
mod tests {
    use super::*;

    /// The algorithm of the appendix once more, a round at a time.
    fn plain(digest: Digest, request: &Request<'_>) -> Vec<u8> {
        let mut derivation = Derivation::start(digest, request);
        while !derivation.is_finished() {
            let mut hash = derivation.first_hash(digest);
            for _ in 1..request.iterations {
                hash = Zeroizing::new(digest::digest(digest.algorithm(), &hash).as_ref().to_vec());
            }
            derivation.take(digest, &hash);
        }
        derivation.output.to_vec()
    }

    #[test]
    fn keys_derived_together_are_those_derived_alone() {
        let password = b"\0s\0m\0e\0g\0\0";
        let requests = [
            (Purpose::EncryptionKey, 24, 3),
            (Purpose::Iv, 8, 1),
            (Purpose::MacKey, 20, 100),
            (Purpose::EncryptionKey, 200, 3),
        ]
        .map(|(purpose, len, iterations)| Request {
            purpose,
            password,
            salt: &[0x0A, 0x58, 0xCF, 0x64, 0x53, 0x0D, 0x82, 0x3F],
            iterations,
            len,
        });
        for digest in [
            Digest::Sha1,
            Digest::Sha224,
            Digest::Sha256,
            Digest::Sha384,
            Digest::Sha512,
        ] {
            for (together, request) in derive(digest, &requests).iter().zip(&requests) {
                assert_eq!(**together, plain(digest, request), "{digest:?}");
            }
        }
    }

    /// Vectors that circulate with OpenSSL and BouncyCastle for the passwords "smeg" and "queeg".
    #[test]
    fn known_vectors_hold() {
        let smeg = b"\0s\0m\0e\0g\0\0".as_slice();
        let queeg = b"\0q\0u\0e\0e\0g\0\0".as_slice();
        let cases = [
            (
                Purpose::EncryptionKey,
                smeg,
                "0A58CF64530D823F",
                1,
                "8AAAE6297B6CB04642AB5B077851284EB7128F1A2A7FBCA3",
            ),
            (Purpose::Iv, smeg, "0A58CF64530D823F", 1, "79993DFE048D3B76"),
            (
                Purpose::MacKey,
                smeg,
                "3D83C0E4546AC140",
                1,
                "8D967D88F6CAA9D714800AB3D48051D63F73A312",
            ),
            (
                Purpose::EncryptionKey,
                queeg,
                "05DEC959ACFF72F7",
                1000,
                "ED2034E36328830FF09DF1E1A07DD357185DAC0D4F9EB3D4",
            ),
            (
                Purpose::Iv,
                queeg,
                "05DEC959ACFF72F7",
                1000,
                "11DEDAD7758D4860",
            ),
            (
                Purpose::MacKey,
                queeg,
                "263216FCC2FAB31C",
                1000,
                "5EC4C7A80DF652294C3925B6489A7AB857C83476",
            ),
        ];
        for (purpose, password, salt, iterations, expected) in cases {
            let hex = |text: &str| {
                (0..text.len())
                    .step_by(2)
                    .map(|i| u8::from_str_radix(&text[i..i + 2], 16).expect("hex"))
                    .collect::<Vec<_>>()
            };
            let (salt, expected) = (hex(salt), hex(expected));
            let request = Request {
                purpose,
                password,
                salt: &salt,
                iterations,
                len: expected.len(),
            };
            assert_eq!(*derive(Digest::Sha1, &[request])[0], expected);
        }
    }
}
