//! Requests that are made twice.

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
