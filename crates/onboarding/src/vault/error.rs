//! Why a link leads nowhere, and why none was made.

use std::io;
use std::path::PathBuf;
use std::time::SystemTime;

/// Why a link leads nowhere.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// What it leads to is damaged.
    #[error("what the link leads to is damaged")]
    Damaged,

    /// Its time is over.
    #[error("the link has expired")]
    Expired,

    /// It does not lead to such a file.
    #[error("the link does not lead to such a file")]
    NoSuchFile,

    /// Its file could not be read or taken away.
    #[error("what the link leads to could not be read")]
    Read(#[source] io::Error),

    /// It was used.
    #[error("the link has been used")]
    Taken {
        /// When.
        at: SystemTime,
    },

    /// Nobody here made it, or it was cleared away after its time.
    #[error("there is no such link")]
    Unknown,
}

/// Why no link was made, or the directory of links cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// The files could not be encoded.
    #[error("the files of the link could not be encoded")]
    Encode(#[source] Box<dyn std::error::Error + Send + Sync>),

    /// The system has no random numbers.
    #[error("the system gives no random numbers")]
    Random,

    /// The directory, or a file of it, cannot be written.
    #[error("{} cannot be written", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}
