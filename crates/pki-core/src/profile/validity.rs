//! How long a certificate may be valid.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The shortest, usual and longest validity period of a certificate; both ends included.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ValidityLimits {
    /// The shortest that may be asked for.
    #[serde(with = "humantime_serde")]
    pub min: Duration,
    /// What is issued when nothing is asked for.
    #[serde(with = "humantime_serde")]
    pub default: Duration,
    /// The longest that may be asked for.
    #[serde(with = "humantime_serde")]
    pub max: Duration,
}

impl ValidityLimits {
    /// Limits in whole days.
    #[must_use]
    pub fn days(min: u32, default: u32, max: u32) -> Self {
        let days = |count: u32| Duration::from_secs(u64::from(count) * 24 * 60 * 60);
        Self {
            min: days(min),
            default: days(default),
            max: days(max),
        }
    }

    /// One period and no other, in whole days.
    #[must_use]
    pub fn exactly_days(count: u32) -> Self {
        Self::days(count, count, count)
    }
}
