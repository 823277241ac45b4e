//! Responses that an HTTP/2 peer does not take.
//!
//! Such a peer reads everything from its socket but never opens a flow-control window. No write
//! ever blocks, and the response is not asked for its next bytes. So each response notes when it
//! last gave bytes away, and the connection notes when its socket took more bytes than a ping has.

use std::sync::{
    Arc, Mutex, PoisonError, Weak,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use crate::connection::clock::Tick;

/// The responses of one connection that are on their way.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    all: Mutex<Vec<Weak<Flow>>>,
    moved: AtomicU64,
}

/// One response.
#[derive(Debug)]
pub(crate) struct Flow {
    /// Since when it has been waiting to be asked for more; [`NEVER`] while the application has no
    /// more.
    waits: AtomicU64,
}

const NEVER: Tick = Tick::MAX;

impl Answers {
    /// A response begins.
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

    /// Since when the peer could have taken some of a response, and has not.
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

/// A write of fewer bytes does not count as progress: pings, settings, and a response that is taken
/// byte by byte.
const LEAST: usize = 1024;

impl Flow {
    /// It gave bytes away. It is asked for the next when the peer takes them.
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
