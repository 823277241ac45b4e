//! How long before its end a certificate is announced.

use std::str::FromStr;

use time::Duration;

/// Times before the end of something at which that is announced, once each.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Thresholds(
    /// In descending order, without repetitions.
    Vec<Duration>,
);

impl Thresholds {
    /// These; in any order.
    ///
    /// # Errors
    ///
    /// [`ThresholdError`] for none, more than 16, or one that is not longer than zero.
    pub fn new(all: impl IntoIterator<Item = Duration>) -> Result<Self, ThresholdError> {
        let mut all: Vec<_> = all.into_iter().collect();
        all.sort_by(|a, b| b.cmp(a));
        all.dedup();
        match all.last() {
            None => Err(ThresholdError::None),
            Some(shortest) if !shortest.is_positive() => Err(ThresholdError::NotPositive),
            Some(_) if all.len() > MOST => Err(ThresholdError::TooMany),
            Some(_) => Ok(Self(all)),
        }
    }

    /// The longest: what ends later than that is not looked at.
    #[must_use]
    pub fn longest(&self) -> Duration {
        self.0[0]
    }

    /// Each, the longest first.
    pub fn iter(&self) -> impl Iterator<Item = Duration> + '_ {
        self.0.iter().copied()
    }

    /// The threshold that was passed last by what is valid for `period` in all and has `left` to go; `None` before the
    /// first.
    ///
    /// Only those count that are shorter than half of the period: a certificate for a day is renewed by a program in
    /// time, and its last day is its first.
    #[must_use]
    pub fn passed(&self, period: Duration, left: Duration) -> Option<Duration> {
        let shortest_first = self.0.iter().rev().copied();
        shortest_first
            .filter(|threshold| *threshold < period / 2)
            .find(|threshold| left <= *threshold)
    }
}

/// 30 days, 7 days and one day.
impl Default for Thresholds {
    fn default() -> Self {
        Self([30, 7, 1].map(Duration::days).to_vec())
    }
}

/// Thresholds that cannot be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ThresholdError {
    /// There has to be one.
    #[error("no threshold is given, such as 30d,7d,1d")]
    None,

    /// Zero or less.
    #[error("a threshold is zero")]
    NotPositive,

    /// Neither days, hours nor minutes.
    #[error("a threshold is a number of days, hours or minutes, such as 30d, 12h or 90m")]
    Text,

    /// More than 16.
    #[error("there are more than 16 thresholds")]
    TooMany,
}

/// `30d,7d,12h`.
impl FromStr for Thresholds {
    type Err = ThresholdError;

    fn from_str(text: &str) -> Result<Self, ThresholdError> {
        let parts = text.split(',').map(str::trim).filter(|it| !it.is_empty());
        let all = parts.map(|part| {
            let seconds = match part.as_bytes().last() {
                Some(b'd') => 24 * 3600,
                Some(b'h') => 3600,
                Some(b'm') => 60,
                _ => return Err(ThresholdError::Text),
            };
            let number = part[..part.len() - 1].parse::<u32>();
            let number = number.map_err(|_| ThresholdError::Text)?;
            Ok(Duration::seconds(i64::from(number) * seconds))
        });
        Self::new(all.collect::<Result<Vec<_>, _>>()?)
    }
}

/// `7d`, or in the largest unit that has no fraction.
#[must_use]
pub(crate) fn in_words(threshold: Duration) -> String {
    let minutes = threshold.whole_minutes();
    match minutes {
        _ if minutes % (24 * 60) == 0 => format!("{}d", minutes / (24 * 60)),
        _ if minutes % 60 == 0 => format!("{}h", minutes / 60),
        _ => format!("{minutes}m"),
    }
}

const MOST: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_and_written_again() {
        let read: Thresholds = "1d, 30d,12h,90m,1d".parse().expect("thresholds");
        let written: Vec<_> = read.iter().map(in_words).collect();
        assert_eq!(written, ["30d", "1d", "12h", "90m"]);
        assert_eq!(read.longest(), Duration::days(30));
        for (text, error) in [
            ("", ThresholdError::None),
            (",", ThresholdError::None),
            ("0d", ThresholdError::NotPositive),
            ("-1d", ThresholdError::Text),
            ("7", ThresholdError::Text),
            ("7w", ThresholdError::Text),
            ("7ä", ThresholdError::Text),
            ("99999999999d", ThresholdError::Text),
            (&"1d,2d,".repeat(9), ThresholdError::TooMany),
        ] {
            let read = text.parse::<Thresholds>();
            if error == ThresholdError::TooMany {
                assert!(read.is_ok(), "repetitions do not count");
                continue;
            }
            assert_eq!(read, Err(error), "{text:?}");
        }
        let many = Thresholds::new((1..=17).map(Duration::days));
        assert_eq!(many, Err(ThresholdError::TooMany));
    }

    #[test]
    fn the_last_one_that_was_passed_counts() {
        let (year, day) = (Duration::days(365), Duration::days(1));
        for (period, left, passed) in [
            (year, Duration::days(31), None),
            (year, Duration::days(30), Some(30)),
            (year, Duration::days(8), Some(30)),
            (year, Duration::days(7), Some(7)),
            (year, Duration::ZERO, Some(1)),
            (year, -day, Some(1)),
            // Too short for 30 days, and for a week.
            (Duration::days(14), Duration::days(14), None),
            (Duration::days(14), Duration::days(7), None),
            (Duration::days(14), day, Some(1)),
            (day, Duration::ZERO, None),
        ] {
            let found = Thresholds::default().passed(period, left);
            assert_eq!(found, passed.map(Duration::days), "{period} {left}");
        }
    }
}
