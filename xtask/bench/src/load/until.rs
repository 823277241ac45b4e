//! When a connection of the client has asked enough.

use std::time::Instant;

/// The end of a load, for each of what is in flight.
#[derive(Clone, Copy)]
pub(crate) enum Until {
    /// So many operations on each.
    Count(u64),
    /// Whatever has begun by then.
    Time(Instant),
}

impl Until {
    /// Whether one that has done `count` operations is to stop.
    pub(super) fn is_reached(self, count: u64) -> bool {
        match self {
            Self::Count(limit) => count >= limit,
            Self::Time(end) => Instant::now() >= end,
        }
    }
}
