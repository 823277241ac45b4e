//! Whether sessions are resumed, and where they are kept until then.

use std::time::Duration;

/// Whether clients may resume TLS sessions.
///
/// Before a session is resumed the client's certificate is judged again: its validity, and what the
/// revocation lists say now. A session never outlives a reload, and is never good under another
/// host name of [`MtlsConfigBuilder::virtual_host`](crate::MtlsConfigBuilder::virtual_host).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Resumption {
    /// Each connection is a full handshake.
    Off,
    /// Sessions are resumed for some time after their full handshake, in TLS 1.2 and 1.3.
    Revalidate {
        /// How long after the full handshake; 1 h by default. Resuming does not prolong it.
        ttl: Duration,
        /// Where sessions are kept.
        storage: SessionStorage,
    },
}

/// Where sessions are kept until they are resumed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SessionStorage {
    /// In this process, one or two kilobytes each; the least used make room. Of a client that shows
    /// a chain of more than 8 KiB none is kept. A TLS 1.3 session is good for one use.
    InMemory {
        /// How many for each host name; 10,000 by default.
        sessions: usize,
    },
    /// By the client, in a ticket that only this process can read. It can be used again and again,
    /// and whoever breaks into the process can read what was recorded while its key was in use
    /// (six hours in TLS 1.2).
    InTickets,
}

impl Default for Resumption {
    fn default() -> Self {
        Self::Revalidate {
            ttl: Duration::from_secs(60 * 60),
            storage: SessionStorage::InMemory { sessions: 10_000 },
        }
    }
}
