//! Waiting for a server that is restarted, or replaced by another one.

use std::time::{Duration, Instant};

/// Pauses that grow, for 30 s in all.
pub(crate) struct Patience {
    end: Instant,
    pause: Duration,
}

impl Patience {
    pub(crate) fn new() -> Self {
        Self {
            end: Instant::now() + LIMIT,
            pause: Duration::from_millis(50),
        }
    }

    /// Waits before the next attempt; `false` if there should be none.
    pub(crate) async fn wait(&mut self) -> bool {
        if Instant::now() >= self.end {
            return false;
        }
        tokio::time::sleep(self.pause).await;
        self.pause = (self.pause * 2).min(Duration::from_secs(1));
        true
    }
}

const LIMIT: Duration = Duration::from_secs(30);
