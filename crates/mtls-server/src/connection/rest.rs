//! When an HTTP/1 server can be dropped between two requests of a connection, and nothing is lost.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use tokio::sync::Notify;

/// What is known of the last request, and who is to be told of the pause after it.
#[derive(Debug, Default)]
pub(crate) struct Rest {
    /// Whether the last bytes that came end with an empty line.
    complete: AtomicBool,
    has_body: AtomicBool,
    /// How many requests have begun, and how many had when somebody looked last.
    begun: AtomicU64,
    seen: AtomicU64,
    drowsy: Notify,
}

impl Rest {
    /// Bytes came from the peer.
    pub(crate) fn heard(&self, bytes: &[u8]) {
        self.complete.store(bytes.ends_with(b"\r\n\r\n"), Relaxed);
    }

    /// A request has begun; with a body or without.
    pub(crate) fn request_begins(&self, has_body: bool) {
        self.has_body.store(has_body, Relaxed);
        self.begun.fetch_add(1, Relaxed);
    }

    /// How many requests have begun.
    pub(crate) fn begun(&self) -> u64 {
        self.begun.load(Relaxed)
    }

    /// Whether none has begun since this was asked last.
    pub(crate) fn is_quiet(&self) -> bool {
        let begun = self.begun();
        self.seen.swap(begun, Relaxed) == begun
    }

    /// Whether the last request had no body, and no part of another one has been read. Whole ones may
    /// have been.
    ///
    /// That can be told where the last bytes that were read end with an empty line. They ended the
    /// header of a request then, for the part of another header would have ended, too.
    pub(crate) fn is_between_requests(&self) -> bool {
        self.complete.load(Relaxed) && !self.has_body.load(Relaxed)
    }

    /// Waits for [`Self::tell`].
    pub(crate) async fn told(&self) {
        self.drowsy.notified().await;
    }

    pub(crate) fn tell(&self) {
        self.drowsy.notify_waiters();
    }
}
