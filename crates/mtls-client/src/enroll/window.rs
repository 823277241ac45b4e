//! When the CA would have a certificate renewed.

use serde::Deserialize;
use time::OffsetDateTime;

/// When the CA would have a certificate renewed, by the clock of this machine.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
pub struct RenewalWindow {
    /// Not before.
    #[serde(with = "time::serde::rfc3339")]
    pub start: OffsetDateTime,
    /// Not after.
    #[serde(with = "time::serde::rfc3339")]
    pub end: OffsetDateTime,
}

impl RenewalWindow {
    /// The same window by a clock that the other one is ahead of by this much.
    pub(super) fn by_clock_behind(self, ahead: time::Duration) -> Self {
        Self {
            start: self.start.saturating_sub(ahead),
            end: self.end.saturating_sub(ahead),
        }
    }
}
