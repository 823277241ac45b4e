//! What one peer may cost: times, counts and sizes.

use std::time::Duration;

/// Limits on handshakes and on connections. Each field says its default.
///
/// Those on open connections are checked every quarter of a second.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// How long a request or response body may make no progress; 30 s. The time that a handler
    /// takes does not count. Pauses in a response that it streams do not count either. Without
    /// HTTP: how long a write may wait for the peer.
    pub body: Duration,
    /// Open connections, without unfinished handshakes; 10,000. More are refused.
    pub connections: usize,
    /// Open connections from one IPv4 address or IPv6 /64; 1,000.
    pub connections_per_address: usize,
    /// How long a new connection may be silent; 3 s.
    pub first_byte: Duration,
    /// Unfinished handshakes in all; 1,024. When more come, the oldest is closed.
    pub half_open: usize,
    /// Unfinished handshakes of one IPv4 address or IPv6 /64; 64. When more come, the oldest is
    /// closed.
    pub half_open_per_address: usize,
    /// How long an HTTP/1 header, and the first request of a connection, may take; 10 s. Without HTTP
    /// there is no such limit.
    pub header: Duration,
    /// How long a connection may be without a request; 60 s. Without HTTP: without a byte in either
    /// direction.
    pub idle: Duration,
    /// How long a refused connection stays open for the peer to read the alert; 1 s.
    pub linger: Duration,
    /// How many bytes of a refused peer are read and discarded meanwhile; 512 KiB. With 64 KiB the
    /// alert arrives too, but a client that writes 256 KiB sees its write fail first.
    pub linger_bytes: usize,
    /// How long a connection may stay open; 24 h. It never outlives the client's certificate.
    pub max_age: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: Duration::from_secs(30),
            connections: 10_000,
            connections_per_address: 1_000,
            first_byte: Duration::from_secs(3),
            half_open: 1024,
            half_open_per_address: 64,
            header: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            linger: Duration::from_secs(1),
            linger_bytes: 512 << 10,
            max_age: Duration::from_secs(24 * 60 * 60),
        }
    }
}

impl Limits {
    /// Whether a limit is zero, so that nothing would ever succeed.
    pub(crate) fn leave_no_time(&self) -> bool {
        let Self {
            body,
            first_byte,
            header,
            idle,
            max_age,
            ..
        } = self;
        [body, first_byte, header, idle, max_age]
            .iter()
            .any(|limit| limit.is_zero())
    }
}
