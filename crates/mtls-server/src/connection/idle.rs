//! When an HTTP/1 connection is idle, so that its buffers can be given back and nothing is lost.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use tokio::sync::Notify;

/// Watches for the pause after a request, and tells whoever waits for it.
#[derive(Debug, Default)]
pub(crate) struct IdleWatch {
    /// Whether the bytes that were read last end with an empty line.
    complete: AtomicBool,
    has_body: AtomicBool,
    /// How many requests have begun, and how many had at the last sweep.
    begun: AtomicU64,
    seen: AtomicU64,
    became_idle: Notify,
}

impl IdleWatch {
    /// Bytes came from the peer.
    pub(crate) fn received(&self, bytes: &[u8]) {
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

    /// Whether no request has begun since the last call.
    pub(crate) fn is_quiet(&self) -> bool {
        let begun = self.begun();
        self.seen.swap(begun, Relaxed) == begun
    }

    /// Whether the last request had no body, and no incomplete request has been read. Complete ones
    /// may have been.
    ///
    /// This is known where the bytes that were read last end with an empty line: they end the header
    /// of a request. Had a part of another header followed, they would not end so.
    pub(crate) fn is_between_requests(&self) -> bool {
        self.complete.load(Relaxed) && !self.has_body.load(Relaxed)
    }

    /// Waits for [`Self::tell`].
    pub(crate) async fn told(&self) {
        self.became_idle.notified().await;
    }

    pub(crate) fn tell(&self) {
        self.became_idle.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_quiet_when_no_request_has_begun_since_the_last_look() {
        let watch = IdleWatch::default();
        for begun in 0..3 {
            assert_eq!(watch.begun(), begun);
            assert!(watch.is_quiet());
            watch.request_begins(false);
            assert!(!watch.is_quiet());
            assert!(watch.is_quiet());
        }
    }
}
