//! The status of the active configuration, for whoever operates the server.

use time::OffsetDateTime;

/// Which configuration is active, and whether a newer one could not be loaded.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Status {
    /// Counts from 1; one more for each replacement.
    pub generation: u64,
    /// When it became active.
    pub since: OffsetDateTime,
    /// The last attempt to load a newer configuration, if it failed. The server goes on with the active
    /// one.
    pub degraded: Option<Degraded>,
    /// When the first of the server certificates in use expires.
    pub identity_ends: OffsetDateTime,
}

/// Why the active configuration may be out of date.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Degraded {
    /// Since when attempts have been failing.
    pub since: OffsetDateTime,
    /// The last failure with its causes, as one sentence.
    pub reason: String,
}
