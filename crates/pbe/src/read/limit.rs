//! What is limited.

use std::fmt;

/// A quantity that [`Limits`](crate::Limits) bounds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Limit {
    /// Hash blocks of key derivation in the whole file.
    HashBlocks,
    /// Octets in one salt.
    SaltLen,
    /// Octets that scrypt fills.
    ScryptMemory,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HashBlocks => "hash blocks of key derivation",
            Self::SaltLen => "bytes in a salt",
            Self::ScryptMemory => "bytes of memory for scrypt",
        })
    }
}
