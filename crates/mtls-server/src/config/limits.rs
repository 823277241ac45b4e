//! What one peer may cost: times, counts and sizes.

use std::time::Duration;

/// Limits of the door and of the connections behind it. Each field says its default.
///
/// Those on connections are watched by one task that looks every quarter of a second.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// How long a request or response body may make no progress, in either direction; 30 s. What a
    /// handler takes to answer does not count, nor do the pauses of a response that it streams.
    pub body: Duration,
    /// Connections that are open, handshakes not counted; 10,000. Newcomers are turned away.
    pub connections: usize,
    /// The same from one IPv4 address or IPv6 /64; 1,000.
    pub connections_per_address: usize,
    /// How long a fresh connection may be silent; 3 s.
    pub first_byte: Duration,
    /// Unfinished handshakes in all; 1,024. When more come, the oldest gives way.
    pub half_open: usize,
    /// Unfinished handshakes of one IPv4 address or IPv6 /64; 64. The oldest gives way.
    pub half_open_per_address: usize,
    /// How long an HTTP/1 header, and the first request of a connection, may take; 10 s.
    pub header: Duration,
    /// How long a connection may be without a request; 60 s.
    pub idle: Duration,
    /// How long a refused connection is kept for the peer to read the alert; 1 s.
    pub linger: Duration,
    /// How many bytes of a refused peer are read and thrown away meanwhile; 512 KiB. With 64 KiB
    /// the alert arrives, too, but a client that writes 256 KiB sees its write fail first.
    pub linger_bytes: usize,
    /// How old a connection may become; 24 h. It never outlives the client's certificate.
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
    /// Whether something may take no time at all, which then never succeeds.
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
