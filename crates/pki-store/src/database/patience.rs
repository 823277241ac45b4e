//! Waiting for a server that is restarted, or replaced by another one.

use std::time::{Duration, Instant};

use uuid::Uuid;

/// Pauses that grow, each of them shortened by chance, so that many processes do not come back at the same moment.
pub(crate) struct Patience {
    end: Instant,
    pause: Duration,
}

impl Patience {
    /// For this long in all.
    pub(crate) fn new(limit: Duration) -> Self {
        Self {
            end: Instant::now() + limit,
            pause: Duration::from_millis(50),
        }
    }

    /// Waits before the next attempt; `false` if there should be none.
    pub(crate) async fn wait(&mut self) -> bool {
        if Instant::now() >= self.end {
            return false;
        }
        tokio::time::sleep(shortened(self.pause)).await;
        self.pause = (self.pause * 2).min(LONGEST);
        true
    }
}

/// By up to a half.
fn shortened(pause: Duration) -> Duration {
    let [chance, ..] = *Uuid::new_v4().as_bytes();
    pause - pause * u32::from(chance) / 512
}

const LONGEST: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_shortened_by_up_to_a_half() {
        for _ in 0..100 {
            let pause = shortened(LONGEST);
            assert!(pause > LONGEST / 2 && pause <= LONGEST, "{pause:?}");
        }
    }

    #[tokio::test]
    async fn patience_ends() {
        assert!(Patience::new(Duration::from_secs(60)).wait().await);
        assert!(!Patience::new(Duration::ZERO).wait().await);
    }
}
