//! What a clock is worth.

use std::fmt;

/// What is known of the clock of this process, by those of the others that share its store.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum ClockState {
    /// It is within 30 s of most others, or there are none.
    Agrees,
    /// There are others, and it is not known yet. This lasts for a few of [`Store::beat`](crate::Store::beat).
    Comparing,
    /// As many others differ from it as agree, so that nobody knows which clock is right.
    Disputed {
        /// By how much it is ahead of those that differ; negative where it is behind.
        seconds: i64,
    },
    /// Nothing is compared.
    #[default]
    Unknown,
    /// Most others differ from it.
    Wrong {
        /// By how much it is ahead of them; negative where it is behind.
        seconds: i64,
    },
}

impl ClockState {
    /// Whether what this process signs may say what time it is.
    #[must_use]
    pub fn may_sign(self) -> bool {
        !matches!(self, Self::Comparing | Self::Wrong { .. })
    }
}

impl fmt::Display for ClockState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = |seconds: i64| {
            if seconds < 0 { "behind" } else { "ahead of" }
        };
        match self {
            Self::Agrees => f.write_str("the clock agrees with those of the other processes"),
            Self::Comparing => {
                f.write_str("the clock was not compared with those of the other processes yet")
            }
            Self::Disputed { seconds } => write!(
                f,
                "the clock is {} s {} those of other processes, and nobody knows which is right",
                seconds.unsigned_abs(),
                side(*seconds)
            ),
            Self::Unknown => f.write_str("the clock is compared with no other"),
            Self::Wrong { seconds } => write!(
                f,
                "the clock is wrong: it is {} s {} those of most other processes",
                seconds.unsigned_abs(),
                side(*seconds)
            ),
        }
    }
}
