//! Reading a file that somebody named.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use zeroize::Zeroizing;

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// It is a directory.
    #[error("it is a directory: name the file in it")]
    Directory,

    /// It is not there. The system's error says no more, and is no source.
    #[error("it does not exist")]
    Missing(io::Error),

    /// It is longer than anything that is expected there.
    #[error("it is longer than {limit} bytes")]
    TooLarge {
        /// The most bytes that are read.
        limit: u64,
    },

    /// The system does not let it be read.
    #[error("it cannot be read")]
    Unreadable(#[source] io::Error),
}

/// What a file holds, `limit` bytes at most; wiped when it is dropped, as it may be a key. It blocks.
///
/// # Errors
///
/// [`FileError`] says why it cannot be read.
pub fn read_file(path: &Path, limit: u64) -> Result<Zeroizing<Vec<u8>>, FileError> {
    let unreadable = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => FileError::Missing(error),
        io::ErrorKind::IsADirectory => FileError::Directory,
        _ => FileError::Unreadable(error),
    };
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(FileError::Directory);
    }
    // Room for the whole keeps a growing buffer from leaving copies of a key behind.
    let size = usize::try_from(metadata.len().min(limit)).unwrap_or(0);
    let mut bytes = Zeroizing::new(Vec::with_capacity(size + 1));
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > limit {
        return Err(FileError::TooLarge { limit });
    }
    Ok(bytes)
}
