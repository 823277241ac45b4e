//! Whether sessions are resumed, and where they are stored until then.

use std::time::Duration;

/// Whether clients may resume TLS sessions.
///
/// Before a session is resumed, the client's certificate is verified again: its validity period, and
/// what the CRLs say now. A session never outlives a reload, and is never resumed under another name
/// of [`MtlsConfigBuilder::virtual_host`](crate::MtlsConfigBuilder::virtual_host).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Resumption {
    /// Every connection does a full handshake.
    Off,
    /// Sessions can be resumed for some time after their full handshake, in TLS 1.2 and 1.3.
    Revalidate {
        /// How long after the full handshake; 1 h by default. Resuming does not prolong it.
        ttl: Duration,
        /// Where sessions are stored.
        storage: SessionStorage,
    },
}

/// Where sessions are stored until they are resumed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SessionStorage {
    /// In this process, one or two kilobytes each; the least recently used make room. Long chains, as those of ML-DSA
    /// are, count for more: all sessions together have at most 8 KiB for each that is allowed. A TLS 1.3 session can be
    /// used once.
    InMemory {
        /// How many for each virtual host; 10,000 by default.
        sessions: usize,
    },
    /// With the client, in a ticket that only this process can decrypt. It can be used repeatedly.
    /// Whoever breaks into the process can decrypt traffic that was recorded while the ticket key was
    /// in use (six hours in TLS 1.2).
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
