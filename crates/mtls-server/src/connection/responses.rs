//! Responses that an HTTP/2 peer does not take.
//!
//! Such a peer reads everything from its socket but opens no flow-control window, or a small one. No
//! write ever blocks, and the server holds the response. So each response counts what it has given
//! away and was not taken yet, and notes when that changed; and the connection notes when its socket
//! took more bytes than a ping has.

use std::sync::{
    Arc, Mutex, PoisonError, Weak,
    atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
};

use axum::body::Bytes;

use crate::connection::clock::{Clock, Tick};

/// The responses of one connection that are on their way.
#[derive(Debug, Default)]
pub(crate) struct Responses {
    all: Mutex<Vec<Weak<Flow>>>,
    moved: AtomicU64,
}

/// One response.
#[derive(Debug)]
pub(crate) struct Flow {
    clock: Arc<Clock>,
    /// How many pieces it has given away that the socket has not taken.
    given: AtomicUsize,
    /// Whether it has no more to give for now.
    pauses: AtomicBool,
    /// When a piece was given away or taken.
    moved: AtomicU64,
}

impl Responses {
    /// A response begins.
    pub(crate) fn begin(&self, clock: &Arc<Clock>) -> Arc<Flow> {
        let flow = Arc::new(Flow {
            given: AtomicUsize::new(0),
            pauses: AtomicBool::new(false),
            moved: AtomicU64::new(clock.now()),
            clock: Arc::clone(clock),
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
        let mut since: Option<Tick> = None;
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|flow| {
            let flow = flow.upgrade();
            let waits = flow.as_ref().and_then(|flow| flow.waits_since());
            since = since.into_iter().chain(waits).min();
            flow.is_some()
        });
        since.map(|since| since.max(self.moved()))
    }
}

/// A write of fewer bytes does not count as progress: pings, settings, and a response that is taken
/// byte by byte.
const LEAST: usize = 1024;

impl Flow {
    /// It gives bytes away. They are taken when the result is dropped, or what was made of it.
    pub(crate) fn gives(self: &Arc<Self>, bytes: Bytes) -> Bytes {
        self.pauses.store(false, Relaxed);
        self.moves();
        self.given.fetch_add(1, Relaxed);
        Bytes::from_owner(Given {
            bytes,
            flow: Arc::clone(self),
        })
    }

    /// The application has no more for now, or at all.
    pub(crate) fn pauses(&self) {
        self.pauses.store(true, Relaxed);
    }

    fn moves(&self) {
        self.moved.store(self.clock.now(), Relaxed);
    }

    fn waits_since(&self) -> Option<Tick> {
        let waits = self.given.load(Relaxed) > 0 || !self.pauses.load(Relaxed);
        waits.then(|| self.moved.load(Relaxed))
    }
}

/// A piece of a response. The server holds it until the socket has taken all of it.
struct Given {
    bytes: Bytes,
    flow: Arc<Flow>,
}

impl AsRef<[u8]> for Given {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Given {
    fn drop(&mut self) {
        self.flow.moves();
        self.flow.given.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_wait_counts_but_for_what_the_socket_has_taken_since() {
        let responses = Responses::default();
        let clock = Arc::new(Clock::new());
        let at = |now| clock.now.store(now, Relaxed);
        assert_eq!(responses.stalled_since(), None);
        at(10);
        let first = responses.begin(&clock);
        at(20);
        let second = responses.begin(&clock);
        assert_eq!(responses.stalled_since(), Some(10));
        at(30);
        let piece = first.gives(Bytes::from_static(b"piece"));
        assert_eq!(responses.stalled_since(), Some(20));
        responses.sent(17, 40);
        assert_eq!(responses.stalled_since(), Some(20));
        responses.sent(16 << 10, 50);
        assert_eq!(responses.stalled_since(), Some(50));
        second.pauses();
        assert_eq!(responses.stalled_since(), Some(50));
        drop(second);
        first.pauses();
        // It is over, and its last piece was not taken.
        drop(first);
        assert_eq!(responses.stalled_since(), Some(50));
        at(60);
        let rest = piece.slice(2..);
        drop(piece);
        assert_eq!(responses.stalled_since(), Some(50));
        assert_eq!(&rest[..], b"ece");
        drop(rest);
        assert_eq!(responses.stalled_since(), None);
        assert!(responses.all.lock().expect("no panic").is_empty());
    }

    #[test]
    fn a_response_waits_for_its_peer_unless_it_pauses_and_all_of_it_was_taken() {
        let responses = Responses::default();
        let clock = Arc::new(Clock::new());
        let at = |now| clock.now.store(now, Relaxed);
        let flow = responses.begin(&clock);
        flow.pauses();
        assert_eq!(responses.stalled_since(), None);
        at(10);
        let piece = flow.gives(Bytes::from_static(b"piece"));
        assert_eq!(responses.stalled_since(), Some(10));
        at(20);
        drop(piece);
        // It has more to give, and nobody asks for it.
        assert_eq!(responses.stalled_since(), Some(20));
        flow.pauses();
        assert_eq!(responses.stalled_since(), None);
    }

    #[test]
    fn what_the_socket_takes_counts_from_a_kibibyte_on() {
        let responses = Responses::default();
        for (bytes, now, moved) in [(1023, 10, 0), (1024, 20, 20), (1023, 30, 20), (1, 40, 20)] {
            responses.sent(bytes, now);
            assert_eq!(responses.moved(), moved, "{bytes}");
        }
    }
}
