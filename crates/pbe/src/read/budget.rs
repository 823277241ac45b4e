//! What key derivation may cost in one file.

use std::ops::RangeInclusive;

use zeroize::Zeroizing;

use super::error::PbeError;
use super::limit::Limit;
use crate::asn1::Count;
use crate::crypto::{Derivation, PasswordOctets, Prepared, side_by_side};

/// Bounds on what a file may ask for.
///
/// The defaults take every file that a known writer makes. Each field may be lowered or raised.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Octets in one salt. Default: 1,024.
    pub salt_len: usize,
    /// Rounds that one derivation may ask for. Default: 1,000,000.
    pub iterations: u32,
    /// Hash blocks of all derivations together. Default: 5,000,000.
    ///
    /// A hash block is what a hash function compresses at once: 64 octets, or 128 with SHA-384 and SHA-512. A round of
    /// PBKDF2 takes two of them for each block of its output, a round of RFC 7292 appendix B one. So AES-256 costs two
    /// a round with HMAC-SHA-256 and four with HMAC-SHA-1, and 3DES costs three by RFC 7292, its initialisation vector
    /// included.
    pub hash_blocks: u64,
    /// Octets that scrypt fills in all derivations together: 128 · N · r · p (RFC 7914 section 2). Default: 256 MiB.
    pub scrypt_memory: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            salt_len: 1024,
            iterations: 1_000_000,
            hash_blocks: 5_000_000,
            scrypt_memory: 256 * 1024 * 1024,
        }
    }
}

impl Limits {
    pub(super) fn check_salt(&self, salt: &[u8]) -> Result<(), PbeError> {
        check(Limit::SaltLen, self.salt_len as u64, salt.len() as u64)
    }
}

/// The hash blocks of key derivation, and scrypt's memory, that a file has left.
///
/// Every derivation is charged before it starts, so a file cannot spend first and be refused later.
#[derive(Debug)]
pub struct Budget {
    limits: Limits,
    spent: u64,
    filled: u64,
    prepared: Prepared,
}

/// With as much spent, and without the keys that are prepared.
impl Clone for Budget {
    fn clone(&self) -> Self {
        Self {
            limits: self.limits.clone(),
            spent: self.spent,
            filled: self.filled,
            prepared: Prepared::default(),
        }
    }
}

impl Budget {
    /// All that `limits` allow, for one file.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            spent: 0,
            filled: 0,
            prepared: Prepared::default(),
        }
    }

    /// Derives keys side by side, which takes a core little longer than one of them, for the schemes that
    /// [`Scheme::decrypt`](super::Scheme::decrypt) is going to be asked for with the same password and this budget, and
    /// for MACs. Equal derivations are done, and paid, once, and so are those that were prepared before.
    ///
    /// With a wrong password the first scheme or MAC fails, and the rest was in vain.
    ///
    /// # Errors
    ///
    /// [`PbeError::LimitExceeded`]
    pub fn prepare(
        &mut self,
        derivations: &[Derivation],
        password: &PasswordOctets<'_>,
    ) -> Result<(), PbeError> {
        // The form of an empty password is not known before something has been opened with it.
        if derivations.len() < 2 || !password.has_one_form() {
            return Ok(());
        }
        let mut wanted = side_by_side(derivations);
        wanted.retain(|derivation| !self.prepared.has(derivation));
        for derivation in &wanted {
            self.charge(derivation.cost())?;
        }
        self.prepared.derive(&wanted, password);
        Ok(())
    }

    /// What was prepared for a scheme or a MAC, of the password that was given to [`prepare`](Self::prepare).
    #[must_use]
    pub fn secret_prepared(&self, derivation: &Derivation) -> Option<Zeroizing<Vec<u8>>> {
        self.prepared.get(derivation)
    }

    /// What it was made of.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Turns the iteration count of a file into one that may be worked off.
    ///
    /// # Errors
    ///
    /// [`PbeError::IterationsOutOfRange`]
    pub fn accept(&self, iterations: Count) -> Result<u32, PbeError> {
        let allowed: RangeInclusive<u32> = 1..=self.limits.iterations;
        u32::try_from(iterations.0)
            .ok()
            .filter(|count| allowed.contains(count))
            .ok_or(PbeError::IterationsOutOfRange {
                got: iterations.0,
                allowed,
            })
    }

    /// Pays for one derivation of `blocks` hash blocks.
    ///
    /// # Errors
    ///
    /// [`PbeError::LimitExceeded`]
    pub fn charge(&mut self, blocks: u64) -> Result<(), PbeError> {
        self.spent = self.spent.saturating_add(blocks);
        check(Limit::HashBlocks, self.limits.hash_blocks, self.spent)
    }

    /// Pays for one run of scrypt.
    pub(super) fn charge_memory(&mut self, octets: u64) -> Result<(), PbeError> {
        self.filled = self.filled.saturating_add(octets);
        check(Limit::ScryptMemory, self.limits.scrypt_memory, self.filled)
    }
}

fn check(what: Limit, limit: u64, got: u64) -> Result<(), PbeError> {
    if got <= limit {
        return Ok(());
    }
    Err(PbeError::LimitExceeded { what, limit, got })
}
