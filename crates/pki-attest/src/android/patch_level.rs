//! Up to which month, or day, fixes are in.

use serde::{Serialize, Serializer};

/// A month, and where the device says so a day, up to which fixes are in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PatchLevel {
    month: u32,
    day: Option<u32>,
}

impl PatchLevel {
    /// From `YYYYMM` or `YYYYMMDD` as a number; `None` for any other.
    #[must_use]
    pub fn from_number(number: u64) -> Option<Self> {
        let (month, day) = match number {
            100_001..=999_912 => (number, None),
            10_000_100..=99_991_299 => (number / 100, Some(number % 100)),
            _ => return None,
        };
        let is_month = (1..=12).contains(&(month % 100));
        let level = Self {
            month: u32::try_from(month).ok()?,
            day: day.and_then(|day| u32::try_from(day).ok()),
        };
        is_month.then_some(level)
    }

    /// The month as the number `YYYYMM`.
    #[must_use]
    pub fn year_month(self) -> u32 {
        self.month
    }
}

impl std::fmt::Display for PatchLevel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.day {
            Some(day) => write!(f, "{}{day:02}", self.month),
            None => write!(f, "{}", self.month),
        }
    }
}

impl Serialize for PatchLevel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_level_is_a_month_or_a_day() {
        for (number, text) in [
            (201_908, Some("201908")),
            (20_251_105, Some("20251105")),
            (20_251_100, Some("20251100")),
            (202_400, None),
            (202_413, None),
            (2_000_231, None),
            (0, None),
            (202_400_000, None),
        ] {
            let level = PatchLevel::from_number(number).map(|it| it.to_string());
            assert_eq!(level.as_deref(), text, "{number}");
        }
    }
}
