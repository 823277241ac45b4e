//! Whether a condition matches a certificate.

/// Three values, so that `not` does not turn an ambiguous certificate into a match.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Finding {
    Match,
    Mismatch,
    /// The certificate is ambiguous. The code says how.
    Unclear(&'static str),
}

impl Finding {
    pub(super) fn when(matches: bool) -> Self {
        if matches { Self::Match } else { Self::Mismatch }
    }

    pub(super) fn or_unclear(self, doubt: bool, code: &'static str) -> Self {
        match self {
            Self::Mismatch if doubt => Self::Unclear(code),
            finding => finding,
        }
    }

    /// The opposite; what is unclear stays unclear.
    pub(super) fn negated(self) -> Self {
        match self {
            Self::Match => Self::Mismatch,
            Self::Mismatch => Self::Match,
            unclear @ Self::Unclear(_) => unclear,
        }
    }
}
