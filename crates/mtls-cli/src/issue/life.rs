//! `--life` and other spans of time on the command line.

use std::str::FromStr;
use std::time::Duration;

/// A span of time: `24h`, `90d`, `1h 30m`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Life(Duration);

/// Why a text is not a span of time.
#[derive(Debug, thiserror::Error)]
#[error("write it like 24h or 90d")]
pub(crate) struct NotALife;

impl Life {
    pub(crate) fn duration(self) -> time::Duration {
        time::Duration::try_from(self.0).unwrap_or(time::Duration::MAX)
    }
}

impl FromStr for Life {
    type Err = NotALife;

    fn from_str(text: &str) -> Result<Self, NotALife> {
        match humantime::parse_duration(text) {
            // A century is more than any certificate of a CA has.
            Ok(span) if !span.is_zero() && span.as_secs() <= 100 * 366 * 24 * 3600 => {
                Ok(Self(span))
            }
            _ => Err(NotALife),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_a_unit() {
        for (text, hours) in [
            ("24h", Some(24)),
            ("90d", Some(90 * 24)),
            ("90days", Some(90 * 24)),
            ("24", None),
            ("0h", None),
            ("-1h", None),
            ("", None),
            ("1000000d", None),
        ] {
            let life = text
                .parse::<Life>()
                .ok()
                .map(|life| life.duration().whole_hours());
            assert_eq!(life, hours, "{text}");
        }
    }
}
