//! Reading a lab's files, of which somebody else may have made something else.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::relative_path::RelativePath;

/// Where `path` is below `root`, if no directory between them is a symbolic link.
///
/// # Errors
///
/// Of the kind `NotFound` if something between them is missing or is no directory.
pub(crate) fn locate(root: &Path, path: &RelativePath) -> io::Result<PathBuf> {
    for parent in path.parents() {
        if !fs::symlink_metadata(root.join(parent))?.is_dir() {
            return Err(io::ErrorKind::NotFound.into());
        }
    }
    Ok(root.join(path))
}

/// The contents of `path` below `root`.
///
/// # Errors
///
/// Of the kind `NotFound` for what is not a file or not below `root`: a symbolic link, a device, a pipe; of the kind
/// `FileTooLarge` for what is larger than any file of a lab.
pub(crate) fn read(root: &Path, path: &RelativePath) -> io::Result<Zeroizing<Vec<u8>>> {
    let place = locate(root, path)?;
    // Nothing else is opened: some files do something when they are.
    if !fs::symlink_metadata(&place)?.is_file() {
        return Err(io::ErrorKind::NotFound.into());
    }
    let file = open(&place)?;
    if !file.metadata()?.is_file() {
        return Err(io::ErrorKind::NotFound.into());
    }
    let mut contents = Zeroizing::new(Vec::new());
    file.take(LARGEST + 1).read_to_end(&mut contents)?;
    if contents.len() as u64 > LARGEST {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(contents)
}

/// Octets; the files of a lab are a hundredth of it.
const LARGEST: u64 = 1 << 20;

/// Follows no link and waits for nobody, should the file have become another meanwhile.
#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;

    use rustix::fs::OFlags;

    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(flags.bits().cast_signed());
    options.open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
}
