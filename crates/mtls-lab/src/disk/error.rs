//! Why a lab could not be put on disk.

use std::io;
use std::path::{Path, PathBuf};

use crate::MakeError;

/// A lab that could not be read or written. The lab that was there before is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiskError {
    /// The lab could not be made in the first place.
    #[error("no lab could be made")]
    Make(#[source] Box<MakeError>),

    /// The path is a symbolic link to nothing.
    #[error("{} is a symbolic link to what does not exist: make that directory, or choose another", .0.display())]
    DanglingLink(PathBuf),

    /// There is something else in the directory.
    #[error("{} is not empty and holds no lab: choose another directory", .0.display())]
    NotALab(PathBuf),

    /// The path is that of a file.
    #[error("{} is not a directory: choose another", .0.display())]
    NotADirectory(PathBuf),

    /// The directory, or the symbolic link to it, belongs to another user, or everybody can write to it: what its
    /// manifest says is not to be relied on.
    #[error("{} belongs to another user or can be written by everybody: choose another directory", .0.display())]
    NotOurs(PathBuf),

    /// Something could not be read.
    #[error("{} cannot be read", path.display())]
    Read {
        /// What.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },

    /// Something could not be written.
    #[error("{} cannot be written", path.display())]
    Write {
        /// What.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl DiskError {
    pub(super) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Read { path, source }
    }

    pub(super) fn write(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Write { path, source }
    }
}
