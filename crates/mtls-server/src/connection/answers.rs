//! Answers that an HTTP/2 peer does not take.
//!
//! Such a peer reads everything from its socket and opens no window: no write ever waits, and the
//! answer is not asked for its next bytes. So each answer notes when it last gave some away, and
//! the connection when its socket took so many that they were no ping.

use std::sync::{
    Arc, Mutex, PoisonError, Weak,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use crate::connection::clock::Tick;

/// Those of one connection that are on their way.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    all: Mutex<Vec<Weak<Flow>>>,
    moved: AtomicU64,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct Flow {
    /// Since when it waits to be asked for more; [`NEVER`] while the application has no more.
    waits: AtomicU64,
}

const NEVER: Tick = Tick::MAX;

impl Answers {
    /// An answer begins.
    pub(crate) fn begin(&self, now: Tick) -> Arc<Flow> {
        let flow = Arc::new(Flow {
            waits: AtomicU64::new(now),
        });
        // No code that can panic runs under the lock, here and below.
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(Arc::downgrade(&flow));
        flow
    }

    /// The socket took this many bytes.
    pub(crate) fn sent(&self, bytes: usize, now: Tick) {
        if bytes >= LEAST {
            self.moved.store(now, Relaxed);
        }
    }

    /// When it last did.
    pub(crate) fn moved(&self) -> Tick {
        self.moved.load(Relaxed)
    }

    /// Since when the peer has taken nothing of an answer, if it could.
    pub(crate) fn stalled_since(&self) -> Option<Tick> {
        let mut since = NEVER;
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|flow| {
            let flow = flow.upgrade();
            since = since.min(flow.as_ref().map_or(NEVER, |it| it.waits.load(Relaxed)));
            flow.is_some()
        });
        (since != NEVER).then(|| since.max(self.moved()))
    }
}

/// What a peer takes in less than this is as good as nothing: pings, settings, and answers by the
/// byte.
const LEAST: usize = 1024;

impl Flow {
    /// It gave some bytes away: the next are asked for when the peer takes them.
    pub(crate) fn gives(&self, now: Tick) {
        self.waits.store(now, Relaxed);
    }

    /// The application has no more for now.
    pub(crate) fn pauses(&self) {
        self.waits.store(NEVER, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_wait_counts_but_for_what_the_socket_has_taken_since() {
        let answers = Answers::default();
        assert_eq!(answers.stalled_since(), None);
        let first = answers.begin(10);
        let second = answers.begin(20);
        assert_eq!(answers.stalled_since(), Some(10));
        first.gives(30);
        assert_eq!(answers.stalled_since(), Some(20));
        answers.sent(17, 40);
        assert_eq!(answers.stalled_since(), Some(20));
        answers.sent(16 << 10, 50);
        assert_eq!(answers.stalled_since(), Some(50));
        second.pauses();
        assert_eq!(answers.stalled_since(), Some(50));
        drop(first);
        assert_eq!(answers.stalled_since(), None);
        drop(second);
        assert_eq!(answers.stalled_since(), None);
        assert!(answers.all.lock().expect("no panic").is_empty());
    }
}
