//! Requests that are made twice.

use super::shortened;

/// By what a request is known again, if its answer was lost.
///
/// The same key with the same payload gives the certificate that it gave before. With another payload it is refused. Keys
/// of one CA do not meet those of another.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Idempotency {
    /// Chosen by whoever asks; at most 256 bytes count.
    pub key: String,
    /// The SHA-256 of all that was asked for.
    pub payload_sha256: [u8; 32],
}

impl Idempotency {
    /// The key as it is stored.
    pub(crate) fn stored_key(&self) -> String {
        // PostgreSQL has no text with a NUL in it.
        shortened(&self.key, MAX_KEY_LEN).replace('\0', "\u{fffd}")
    }
}

const MAX_KEY_LEN: usize = 256;
