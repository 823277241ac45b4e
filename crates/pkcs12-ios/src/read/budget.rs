//! What key derivation may cost in one file.

use std::ops::RangeInclusive;

use super::error::ReadError;
use super::limits::Limits;
use super::place::{Limit, Place};

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
