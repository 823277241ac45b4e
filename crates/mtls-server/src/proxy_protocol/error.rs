//! Why a PROXY protocol header is refused.

use std::{io, time::Duration};

/// Why a trusted proxy's connection was refused before its first TLS byte.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyProtocolError {
    /// The header is damaged: its CRC32c is wrong.
    #[error("checksum of the PROXY protocol header is wrong")]
    Checksum,

    /// The proxy went away before the header was complete.
    #[error("proxy closed the connection before its PROXY protocol header was complete")]
    Disconnected,

    /// The socket failed.
    #[error("connection failed before the PROXY protocol header was complete")]
    Io(#[source] io::Error),

    /// It begins like a header, and is not one.
    #[error("PROXY protocol header is malformed")]
    Malformed(#[source] Box<dyn std::error::Error + Send + Sync>),

    /// The proxy is not configured to send a header, or somebody connects from its address directly.
    #[error("connection from a trusted proxy does not begin with a PROXY protocol header")]
    Missing,

    /// The header is about a datagram, which a TCP connection cannot carry.
    #[error("PROXY protocol header is not about a TCP connection")]
    NotTcp,

    /// The header was not complete in time.
    #[error("PROXY protocol header was not complete after {} s", .0.as_secs_f32())]
    Timeout(Duration),

    /// The header is longer than a proxy has reason to send.
    #[error("PROXY protocol header is longer than {limit} bytes")]
    TooLong {
        /// What is allowed.
        limit: usize,
    },
}
