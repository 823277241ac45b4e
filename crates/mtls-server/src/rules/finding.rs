//! What a certificate answers to one condition.

/// Three values, so that `not` turns no doubt into an admission.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Finding {
    Match,
    Mismatch,
    /// The certificate is ambiguous here; the code says how.
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
