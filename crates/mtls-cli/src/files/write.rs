//! Writing: into a file beside, which then takes the place of the old one in one step.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use tempfile::NamedTempFile;

/// Who may read a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Access {
    /// Its owner, from its first byte (0600).
    Owner,
    /// Everybody who may enter its directory (0644).
    Everybody,
}

/// Writes a file that others may read.
pub(crate) fn write_public(path: &Path, content: &[u8]) -> Result<()> {
    write(path, content, Access::Everybody)
}

/// Writes a file that its owner alone may read.
pub(crate) fn write_secret(path: &Path, content: &[u8]) -> Result<()> {
    write(path, content, Access::Owner)
}

fn write(path: &Path, content: &[u8], access: Access) -> Result<()> {
    Pending::new(path, access)?.finish(content)
}

/// A file that will be written: begun before what cannot be taken back, so that a directory that cannot be written is
/// noticed in time.
#[derive(Debug)]
pub(crate) struct Pending {
    path: PathBuf,
    file: NamedTempFile,
}

impl Pending {
    /// # Errors
    ///
    /// If nothing can be written there.
    pub(crate) fn new(path: &Path, access: Access) -> Result<Self> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".mtls-");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = match access {
                Access::Owner => 0o600,
                Access::Everybody => 0o644,
            };
            builder.permissions(std::fs::Permissions::from_mode(mode));
        }
        #[cfg(not(unix))]
        let _ = access;
        let file = builder.tempfile_in(parent_of(path));
        Ok(Self {
            path: path.to_owned(),
            file: file.with_context(|| cannot_write(path))?,
        })
    }

    /// The file is the old one or the new one at any moment, also after the power went off.
    ///
    /// # Errors
    ///
    /// If it cannot be written; then it is as it was.
    pub(crate) fn finish(self, content: &[u8]) -> Result<()> {
        let (path, mut file) = (self.path, self.file);
        let write = || -> io::Result<()> {
            file.write_all(content)?;
            file.as_file().sync_all()?;
            file.persist(&path).map_err(|error| error.error)?;
            sync_directory(parent_of(&path))
        };
        write().with_context(|| cannot_write(&path))
    }
}

fn cannot_write(path: &Path) -> String {
    format!("cannot write {}", path.display())
}

/// The directory that a file or directory is in.
pub(crate) fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Makes the names in a directory last, where a directory can be opened for that.
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(path)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_a_secret_is_its_owners() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        for (content, access, mode) in
            [("a", Access::Everybody, 0o644), ("b", Access::Owner, 0o600)]
        {
            write(&path, content.as_bytes(), access).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), content);
            let found = path.metadata().unwrap().permissions().mode() & 0o7777;
            // The umask may take more away.
            assert_eq!(found & !mode, 0);
        }
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
        let error = write(&directory.path().join("no/file"), b"c", Access::Owner).unwrap_err();
        assert!(error.to_string().starts_with("cannot write "), "{error}");
    }
}
