//! Points in time as people read them, in UTC: in the console, and in the commands beside it.

use time::{Duration, OffsetDateTime, UtcOffset};

/// `2026-11-27 08:30`.
#[must_use]
pub fn date(at: OffsetDateTime) -> String {
    let at = at.to_offset(UtcOffset::UTC);
    format!("{} {:02}:{:02}", at.date(), at.hour(), at.minute())
}

/// `2026-11-27 08:30:00 UTC`.
#[must_use]
pub fn moment(at: OffsetDateTime) -> String {
    let at = at.to_offset(UtcOffset::UTC);
    let (hour, minute, second) = at.to_hms();
    format!("{} {hour:02}:{minute:02}:{second:02} UTC", at.date())
}

/// How long it is until then, in its largest unit: `in 3 days`, `2 hours ago`.
#[must_use]
pub fn remaining(at: OffsetDateTime, now: OffsetDateTime) -> String {
    let left = at - now;
    let span = left.abs();
    let (count, unit) = if span >= Duration::days(2) {
        (span.whole_days(), "days")
    } else if span >= Duration::hours(2) {
        (span.whole_hours(), "hours")
    } else if span >= Duration::minutes(2) {
        (span.whole_minutes(), "minutes")
    } else {
        (span.whole_seconds(), "seconds")
    };
    match left.is_negative() {
        true => format!("{count} {unit} ago"),
        false => format!("in {count} {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_told_in_its_largest_unit() {
        let now = OffsetDateTime::UNIX_EPOCH;
        for (seconds, text) in [
            (0, "in 0 seconds"),
            (119, "in 119 seconds"),
            (120, "in 2 minutes"),
            (-7200, "2 hours ago"),
            (47 * 3600, "in 47 hours"),
            (48 * 3600, "in 2 days"),
        ] {
            assert_eq!(remaining(now + Duration::seconds(seconds), now), text);
        }
        assert_eq!(moment(now), "1970-01-01 00:00:00 UTC");
        assert_eq!(date(now), "1970-01-01 00:00");
    }
}
