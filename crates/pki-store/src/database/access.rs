//! Reading, or writing too.

/// What a store is opened for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Access {
    /// Reading alone: a standby is as good as the primary.
    Read,
    /// Writing: of several servers the one that takes that.
    Write,
}
