//! A coarse clock, so that noting when something happened costs no look at a real one.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant},
};

/// Milliseconds since the door was made.
pub(crate) type Tick = u64;

/// The time that [`Live`](crate::connection::live::Live) goes by.
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

    /// As of the last look of the task that watches connections.
    pub(crate) fn now(&self) -> Tick {
        self.now.load(Relaxed)
    }

    /// As of now.
    pub(crate) fn advance(&self) -> Tick {
        let now = ticks(self.epoch.elapsed());
        self.now.store(now, Relaxed);
        now
    }
}

pub(crate) fn ticks(span: Duration) -> Tick {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
