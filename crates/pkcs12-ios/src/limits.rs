//! What a file may cost before its reading ends.

use std::ops::RangeInclusive;

use crate::error::{Limit, Place, ReadError};

/// Bounds on a file that came from somewhere else.
///
/// The defaults take every file that a known writer makes, and end the reading of a hostile one
/// after a second of work or so. Each field may be lowered or raised.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// Octets in the file. Default: 1 MiB.
    pub file_len: usize,
    /// Levels of nesting in one encoding. Default: 16.
    pub nesting: usize,
    /// Bags in the file, of any type. Default: 64.
    pub bags: usize,
    /// Certificates in the file. Default: 32.
    pub certificates: usize,
    /// Private keys in the file. Default: 16.
    pub keys: usize,
    /// Attributes on one bag. Default: 16.
    pub attributes: usize,
    /// Octets in one salt. Default: 1,024.
    pub salt_len: usize,
    /// Rounds that one MAC or one encrypted part may ask for. Default: 1,000,000.
    pub iterations: u32,
    /// Rounds that all parts together may ask for. Default: 4,000,000.
    pub total_iterations: u32,
    missing_mac: MissingMac,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum MissingMac {
    Refuse,
    Allow,
}

impl Limits {
    /// Takes files without a MAC too, which are refused by default.
    ///
    /// Nothing then shows that such a file is the one its maker wrote.
    #[must_use]
    pub fn allow_missing_mac(mut self) -> Self {
        self.missing_mac = MissingMac::Allow;
        self
    }

    pub(crate) fn allows_missing_mac(&self) -> bool {
        self.missing_mac == MissingMac::Allow
    }

    pub(crate) fn check(&self, what: Limit, limit: usize, got: usize) -> Result<(), ReadError> {
        if got <= limit {
            return Ok(());
        }
        Err(ReadError::LimitExceeded {
            what,
            limit: limit as u64,
            got: got as u64,
        })
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_len: 1 << 20,
            nesting: 16,
            bags: 64,
            certificates: 32,
            keys: 16,
            attributes: 16,
            salt_len: 1024,
            iterations: 1_000_000,
            total_iterations: 4_000_000,
            missing_mac: MissingMac::Refuse,
        }
    }
}

/// The rounds of key derivation that a file has left.
///
/// Every derivation is charged before it starts, so a file cannot spend first and be refused later.
#[derive(Debug)]
pub(crate) struct KdfBudget<'l> {
    limits: &'l Limits,
    spent: u64,
}

impl<'l> KdfBudget<'l> {
    pub(crate) fn new(limits: &'l Limits) -> Self {
        Self { limits, spent: 0 }
    }

    pub(crate) fn limits(&self) -> &'l Limits {
        self.limits
    }

    /// Turns the iteration count of a file into one that may be worked off.
    pub(crate) fn accept(&self, place: Place, iterations: i64) -> Result<u32, ReadError> {
        let allowed: RangeInclusive<u32> = 1..=self.limits.iterations;
        u32::try_from(iterations)
            .ok()
            .filter(|count| allowed.contains(count))
            .ok_or(ReadError::IterationsOutOfRange {
                place,
                got: iterations,
                allowed,
            })
    }

    /// Pays for one derivation of `iterations` rounds.
    pub(crate) fn charge(&mut self, iterations: u32) -> Result<(), ReadError> {
        self.spent += u64::from(iterations);
        let limit = u64::from(self.limits.total_iterations);
        if self.spent <= limit {
            return Ok(());
        }
        Err(ReadError::LimitExceeded {
            what: Limit::TotalIterations,
            limit,
            got: self.spent,
        })
    }
}
