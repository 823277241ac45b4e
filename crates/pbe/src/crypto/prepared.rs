//! Keys that are derived side by side, before they are needed.

use std::fmt;

use zeroize::Zeroizing;

use super::cipher::Cipher;
use super::digest::Digest;
use super::kdf::{Purpose, Request, derive, pbkdf2_blocks, pbkdf2_sha256_together, pkcs12_blocks};
use super::password::PasswordOctets;
use super::prf::Prf;

/// A derivation that gains from being done beside others: one round waits for the last, and a core has room for more.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Derivation {
    pub(crate) kind: Kind,
    pub(crate) salt: Vec<u8>,
    pub(crate) iterations: u32,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// 32 octets by PBKDF2 with HMAC-SHA-256.
    Pbkdf2Sha256,
    /// A key and an initialisation vector by RFC 7292 appendix B.
    Pkcs12(Cipher),
    /// The key of a MAC by RFC 7292 appendix B, with the hash of its ciphers: SHA-1.
    Pkcs12Mac,
}

/// What was derived of one password.
#[derive(Default)]
pub(crate) struct Prepared(Vec<(Derivation, Zeroizing<Vec<u8>>)>);

impl Prepared {
    /// Whether `derivation` is done.
    pub(crate) fn has(&self, derivation: &Derivation) -> bool {
        self.0.iter().any(|(known, _)| known == derivation)
    }

    /// What was derived by `derivation`: the key and, for [`Kind::Pkcs12`], the vector behind it.
    pub(crate) fn get(&self, derivation: &Derivation) -> Option<Zeroizing<Vec<u8>>> {
        let found = self.0.iter().find(|(known, _)| known == derivation);
        found.map(|(_, octets)| octets.clone())
    }

    /// Derives what is wanted of `password`, as [`side_by_side`] has ordered it.
    pub(crate) fn derive(&mut self, wanted: &[Derivation], password: &PasswordOctets<'_>) {
        let (pbkdf2, pkcs12): (Vec<_>, Vec<_>) = wanted
            .iter()
            .partition(|derivation| derivation.kind == Kind::Pbkdf2Sha256);
        let requests: Vec<_> = pkcs12.iter().map(|it| it.requests(password)).collect();
        let mut derived = derive(Digest::Sha1, &requests.concat()).into_iter();
        for (derivation, requests) in pkcs12.into_iter().zip(&requests) {
            let len = requests.iter().map(|request| request.len).sum();
            let mut octets = Zeroizing::new(Vec::with_capacity(len));
            for part in derived.by_ref().take(requests.len()) {
                octets.extend_from_slice(&part);
            }
            self.0.push((derivation.clone(), octets));
        }
        let mut left = pbkdf2.as_slice();
        while let [one, rest @ ..] = left {
            let (password, iterations) = (password.utf8(), one.iterations);
            left = match rest {
                [other, rest @ ..] if other.iterations == iterations => {
                    let salts = [one.salt.as_slice(), &other.salt];
                    let keys = pbkdf2_sha256_together(password, salts, iterations);
                    let pair = [*one, *other].map(Derivation::clone);
                    self.0.extend(pair.into_iter().zip(keys));
                    rest
                }
                rest => {
                    let [key] = pbkdf2_sha256_together(password, [&one.salt], iterations);
                    self.0.push(((*one).clone(), key));
                    rest
                }
            };
        }
    }
}

/// Each of these once, and those that fit together next to each other: by kind, and by their iterations.
pub(crate) fn side_by_side(wanted: &[Derivation]) -> Vec<Derivation> {
    let mut distinct: Vec<Derivation> = Vec::new();
    for derivation in wanted {
        if !distinct.contains(derivation) {
            distinct.push(derivation.clone());
        }
    }
    distinct.sort_by_key(|derivation| derivation.iterations);
    distinct
}

impl Derivation {
    /// That of the key of a MAC by RFC 7292 appendix B. `None` unless the hash is SHA-1: that one alone is shared with
    /// the ciphers of the appendix.
    #[must_use]
    pub fn of_mac(digest: Digest, salt: &[u8], iterations: u32) -> Option<Self> {
        (digest == Digest::Sha1).then(|| Self {
            kind: Kind::Pkcs12Mac,
            salt: salt.to_vec(),
            iterations,
        })
    }

    /// Whether it is done by the time that `other` is, when they are done side by side: both go by one hash function,
    /// and this one has no more rounds.
    #[must_use]
    pub fn fits_beside(&self, other: &Self) -> bool {
        (self.kind == Kind::Pbkdf2Sha256) == (other.kind == Kind::Pbkdf2Sha256)
            && self.iterations <= other.iterations
    }

    /// In hash blocks.
    pub(crate) fn cost(&self) -> u64 {
        match self.kind {
            Kind::Pbkdf2Sha256 => pbkdf2_blocks(Prf::Hmac(Digest::Sha256), self.iterations, 32),
            Kind::Pkcs12(cipher) => {
                let cost = |len| pkcs12_blocks(Digest::Sha1, self.iterations, len);
                cost(cipher.key_len()) + cost(cipher.iv_len())
            }
            Kind::Pkcs12Mac => {
                pkcs12_blocks(Digest::Sha1, self.iterations, Digest::Sha1.output_len())
            }
        }
    }

    /// For RFC 7292 appendix B: the key, then the initialisation vector of a cipher.
    pub(crate) fn requests<'a>(&'a self, password: &'a PasswordOctets<'_>) -> Vec<Request<'a>> {
        let request = |purpose, len| Request {
            purpose,
            password: password.utf16(),
            salt: &self.salt,
            iterations: self.iterations,
            len,
        };
        match self.kind {
            Kind::Pbkdf2Sha256 => Vec::new(),
            Kind::Pkcs12(cipher) => vec![
                request(Purpose::EncryptionKey, cipher.key_len()),
                request(Purpose::Iv, cipher.iv_len()),
            ],
            Kind::Pkcs12Mac => vec![request(Purpose::MacKey, Digest::Sha1.output_len())],
        }
    }
}

/// Without the keys.
impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Prepared({})", self.0.len())
    }
}
