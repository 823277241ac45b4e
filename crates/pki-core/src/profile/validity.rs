//! How long a certificate may be valid.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The shortest, usual and longest validity period of a certificate; both ends included.
///
/// In TOML `{ min = "1h", default = "24h", max = "90days" }`; another order of the three is an error there.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "AsRead")]
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

/// The same, in whatever order.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AsRead {
    #[serde(with = "humantime_serde")]
    min: Duration,
    #[serde(with = "humantime_serde")]
    default: Duration,
    #[serde(with = "humantime_serde")]
    max: Duration,
}

impl TryFrom<AsRead> for ValidityLimits {
    type Error = &'static str;

    fn try_from(AsRead { min, default, max }: AsRead) -> Result<Self, Self::Error> {
        if min <= default && default <= max {
            Ok(Self { min, default, max })
        } else {
            Err("the default validity is not between min and max, so no certificate could have it")
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_that_no_certificate_can_keep_are_not_read() {
        let read = |text: &str| toml::from_str::<ValidityLimits>(text);
        let good = "min = \"1h\"\ndefault = \"1h\"\nmax = \"2h\"\n";
        assert!(read(good).is_ok());
        for (from, to) in [
            ("default = \"1h\"", "default = \"3h\""),
            ("default = \"1h\"", "default = \"1m\""),
            ("max", "maximum"),
            ("\"2h\"", "2"),
        ] {
            assert!(read(&good.replace(from, to)).is_err(), "{to}");
        }
    }
}
