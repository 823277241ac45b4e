//! Whether the names of a certificate are what it is read for.

/// Whether somebody may go by the names in a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    Asked,
    /// They are those of a trust anchor, which is trusted as it is.
    NotAsked,
}
