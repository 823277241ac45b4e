//! How a connection went.

use suite::process;

use crate::report::Verdict;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Seen {
    Resumed,
    Full,
    Refused,
}

impl Seen {
    pub(super) fn verdict(self) -> Verdict {
        match self {
            Self::Resumed | Self::Full => Verdict::Accepted,
            Self::Refused => Verdict::Refused,
        }
    }

    pub(super) fn of(said: &process::Finished) -> Self {
        let has = |text| said.stdout.contains(text);
        match (has("HTTP/1.1 200"), has("Reused, TLSv1.")) {
            (true, true) => Self::Resumed,
            (true, false) => Self::Full,
            (false, _) => Self::Refused,
        }
    }
}
