//! A coarse clock: noting when something happened costs one atomic read.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant},
};

/// Milliseconds since the acceptor was made.
pub(crate) type Tick = u64;

/// The clock of all connections of one acceptor.
#[derive(Debug)]
pub(crate) struct Clock {
    epoch: Instant,
    pub(crate) now: AtomicU64,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self {
            epoch: Instant::now(),
            now: AtomicU64::new(0),
        }
    }

    /// The time of the last sweep.
    pub(crate) fn now(&self) -> Tick {
        self.now.load(Relaxed)
    }

    /// Reads the real clock.
    pub(crate) fn advance(&self) -> Tick {
        let now = ticks(self.epoch.elapsed());
        self.now.store(now, Relaxed);
        now
    }
}

pub(crate) fn ticks(span: Duration) -> Tick {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
