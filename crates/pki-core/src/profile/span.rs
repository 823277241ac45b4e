//! Spans of time, as people write them.

use std::time::Duration;

use humantime_serde::re::humantime::format_duration;

/// `24h`, `90days`: in days where they are whole, and never in months, of which nobody knows how long they are.
pub(crate) fn span(period: Duration) -> String {
    let days = period.as_secs() / DAY;
    let rest = period.saturating_sub(Duration::from_secs(days * DAY));
    match (days, rest.is_zero()) {
        (0, _) => format_duration(rest).to_string(),
        (1, true) => "1day".to_owned(),
        (_, true) => format!("{days}days"),
        (1, false) => format!("1day {}", format_duration(rest)),
        (_, false) => format!("{days}days {}", format_duration(rest)),
    }
}

const DAY: u64 = 24 * 3600;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_in_days_and_less() {
        for (seconds, text) in [
            (0, "0s"),
            (1, "1s"),
            (3600, "1h"),
            (5400, "1h 30m"),
            (DAY, "1day"),
            (DAY + 60, "1day 1m"),
            (90 * DAY, "90days"),
            (825 * DAY, "825days"),
            (3650 * DAY + 7200, "3650days 2h"),
        ] {
            assert_eq!(span(Duration::from_secs(seconds)), text);
        }
    }
}
