//! Reading, writing too, or making what is not there.

/// What a store is opened for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Access {
    /// Writing, after making what is not there.
    Create,
    /// Reading alone: a standby is as good as the primary.
    Read,
    /// Writing what is there: of several servers the one that takes that.
    Write,
}
