//! How the settings in force are, for whoever operates the server.

use time::OffsetDateTime;

/// Which settings are in force, and whether newer ones could not be taken.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Status {
    /// Counts from 1; one more for each exchange.
    pub generation: u64,
    /// When it came into force.
    pub since: OffsetDateTime,
    /// The last attempt to load newer settings, if it failed: the server goes on with those it has.
    pub degraded: Option<Degraded>,
    /// The first end of a server certificate that is in use.
    pub identity_ends: OffsetDateTime,
}

/// Why the settings in force may be out of date.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Degraded {
    /// Since when attempts have been failing.
    pub since: OffsetDateTime,
    /// The sentence of the last failure, with its causes.
    pub reason: String,
}
