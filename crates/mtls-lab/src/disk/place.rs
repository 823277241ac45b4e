//! Where a lab is, and whether what is there can be trusted to be one's own.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use super::error::DiskError;

/// The directory that `directory` stands for, which need not exist: a symbolic link is followed, not replaced.
pub(super) fn resolve(directory: &Path) -> Result<PathBuf, DiskError> {
    // Without a slash at the end, with which the link itself could not be seen.
    let directory: PathBuf = directory.components().collect();
    match fs::symlink_metadata(&directory) {
        Ok(metadata) if metadata.is_symlink() => follow(&directory, &metadata),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            Err(DiskError::NotADirectory(directory))
        }
        // What else is wrong shows when it is read.
        _ => Ok(directory),
    }
}

fn follow(link: &Path, metadata: &Metadata) -> Result<PathBuf, DiskError> {
    if !is_own(metadata) {
        return Err(DiskError::NotOurs(link.to_owned()));
    }
    fs::canonicalize(link).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => DiskError::DanglingLink(link.to_owned()),
        _ => DiskError::read(link)(error),
    })
}

/// Refuses a lab that somebody else can have put there: what its manifest lists is replaced and deleted.
pub(super) fn check_own(lab: &Path) -> Result<(), DiskError> {
    let metadata = fs::symlink_metadata(lab).map_err(DiskError::read(lab))?;
    if is_own(&metadata) && !is_writable_by_all(&metadata) {
        return Ok(());
    }
    Err(DiskError::NotOurs(lab.to_owned()))
}

/// Whether it is a directory that nobody else can look into or write to.
pub(super) fn is_private_directory(path: &Path) -> bool {
    fs::symlink_metadata(path)
        .is_ok_and(|metadata| metadata.is_dir() && is_own(&metadata) && is_private(&metadata))
}

#[cfg(unix)]
fn is_own(metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    let owner = metadata.uid();
    owner == 0 || owner == rustix::process::geteuid().as_raw()
}

#[cfg(unix)]
fn is_writable_by_all(metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    metadata.mode() & 0o002 != 0
}

#[cfg(unix)]
fn is_private(metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    metadata.mode() & 0o077 == 0
}

// Elsewhere directories have lists of rights, which are inherited from where they are made.
#[cfg(not(unix))]
fn is_own(_: &Metadata) -> bool {
    true
}

#[cfg(not(unix))]
fn is_writable_by_all(_: &Metadata) -> bool {
    false
}

#[cfg(not(unix))]
fn is_private(_: &Metadata) -> bool {
    true
}
