//! Writing: into a file beside, which then takes the place of the old one in one step.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};
use tempfile::NamedTempFile;

use crate::interrupt::{Unfinished, uninterrupted};

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
    begun: Begun,
}

#[derive(Debug)]
enum Begun {
    /// A file beside, which takes the place of the old one.
    Beside(NamedTempFile, Unfinished),
    /// What is no file, such as `/dev/stdout` or a pipe, is written into: it would not be there any more otherwise.
    Into(File),
}

impl Pending {
    /// # Errors
    ///
    /// If nothing can be written there.
    pub(crate) fn new(path: &Path, access: Access) -> Result<Self> {
        let begun = begin(path, access).with_context(|| cannot_write(path))?;
        let path = path.to_owned();
        Ok(Self { path, begun })
    }

    /// The file is the old one or the new one at any moment, also after the power went off.
    ///
    /// # Errors
    ///
    /// If it cannot be written; then it is as it was.
    pub(crate) fn finish(mut self, content: &[u8]) -> Result<()> {
        self.fill(content)?;
        let path = self.path;
        let place = || -> io::Result<()> {
            if let Begun::Beside(file, _unfinished) = self.begun {
                file.persist(&path).map_err(|error| error.error)?;
                sync_directory(parent_of(&path))?;
            }
            Ok(())
        };
        place().with_context(|| cannot_write(&path))
    }

    fn fill(&mut self, content: &[u8]) -> Result<()> {
        let filled = match &mut self.begun {
            Begun::Beside(file, _) => file
                .write_all(content)
                .and_then(|()| file.as_file().sync_all()),
            Begun::Into(file) => file.write_all(content),
        };
        filled.with_context(|| cannot_write(&self.path))
    }
}

/// Files that belong together: a certificate and its key.
#[derive(Debug, Default)]
pub(crate) struct PendingSet(Vec<Pending>);

impl PendingSet {
    /// Writes one of them beside its place.
    ///
    /// # Errors
    ///
    /// If it cannot be written. All are as they were.
    pub(crate) fn add(&mut self, path: &Path, access: Access, content: &[u8]) -> Result<()> {
        let mut pending = Pending::new(path, access)?;
        pending.fill(content)?;
        self.0.push(pending);
        Ok(())
    }

    /// Puts all of them in their places, one right after the other: who interrupts waits for it. What they replace stays
    /// beside until all are there.
    ///
    /// # Errors
    ///
    /// If one cannot be put there. All are as they were.
    pub(crate) fn finish(self) -> Result<Vec<PathBuf>> {
        let mut beside = Vec::new();
        // Of a file, and of what it replaces, until everything is in its place.
        let mut guards = Vec::new();
        for Pending { path, begun } in self.0 {
            let Begun::Beside(file, unfinished) = begun else {
                continue;
            };
            // Where a file cannot have two names, the old one is gone with its place.
            let before = path.is_file().then(|| kept(&path).ok()).flatten();
            let (before, guard) = before.unzip();
            guards.push((unfinished, guard));
            beside.push((path, file, before));
        }
        let replaced = uninterrupted(|| replace_all(beside));
        drop(guards);
        let (paths, before) = replaced?;
        for path in &paths {
            sync_directory(parent_of(path)).with_context(|| cannot_write(path))?;
        }
        drop(before);
        Ok(paths)
    }
}

/// A second name for what is in a file, which goes as soon as this does.
type Kept = NamedTempFile<()>;

fn kept(path: &Path) -> io::Result<(Kept, Unfinished)> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".mtls-");
    Unfinished::of(|| builder.make_in(parent_of(path), |beside| std::fs::hard_link(path, beside)))
}

fn replace_all(
    files: Vec<(PathBuf, NamedTempFile, Option<Kept>)>,
) -> Result<(Vec<PathBuf>, Vec<Option<Kept>>)> {
    let mut done: Vec<(PathBuf, Option<Kept>)> = Vec::new();
    for (path, file, before) in files {
        if let Err(error) = file.persist(&path) {
            for (path, before) in done.into_iter().rev() {
                // Nothing better can be done where this fails.
                let _ = match before {
                    Some(before) => before.persist(&path).map(drop).map_err(drop),
                    None => std::fs::remove_file(&path).map_err(drop),
                };
            }
            return Err(error.error).with_context(|| cannot_write(&path));
        }
        done.push((path, before));
    }
    Ok(done.into_iter().unzip())
}

fn begin(path: &Path, access: Access) -> Result<Begun> {
    // Where there is no file yet, nothing is in the way.
    if let Ok(there) = path.metadata() {
        if there.is_dir() {
            bail!("it is a directory");
        }
        if !there.is_file() || path.starts_with("/dev") {
            return Ok(Begun::Into(File::options().write(true).open(path)?));
        }
    }
    let parent = parent_of(path);
    if !parent.is_dir() {
        bail!("there is no directory {}", parent.display());
    }
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
    let (file, unfinished) = Unfinished::of(|| builder.tempfile_in(parent))?;
    Ok(Begun::Beside(file, unfinished))
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

/// Makes a directory, and those above it, where they are not there.
///
/// # Errors
///
/// If it cannot be made, or is something else.
pub(crate) fn make_directory(path: &Path) -> Result<()> {
    let cannot = || format!("cannot make the directory {}", path.display());
    if path.exists() && !path.is_dir() {
        return Err(anyhow!("it is there, and is not a directory")).with_context(cannot);
    }
    std::fs::create_dir_all(path).with_context(cannot)
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
        for (path, cause) in [
            ("no/file", "there is no directory"),
            ("", "it is a directory"),
        ] {
            let error = write(&directory.path().join(path), b"c", Access::Owner).unwrap_err();
            assert!(error.to_string().starts_with("cannot write "), "{error}");
            assert!(format!("{error:#}").contains(cause), "{error:#}");
        }
    }

    #[test]
    fn files_that_belong_together_are_all_replaced_or_none() {
        for fails in [false, true] {
            let directory = tempfile::tempdir().unwrap();
            let path = |name: &str| directory.path().join(name);
            for name in ["key", "crt"] {
                std::fs::write(path(name), "old").unwrap();
            }
            let mut set = PendingSet::default();
            for name in ["new", "key", "crt"] {
                set.add(&path(name), Access::Owner, b"new").unwrap();
            }
            if fails {
                std::fs::remove_file(path("crt")).unwrap();
                std::fs::create_dir(path("crt")).unwrap();
            }
            let finished = set.finish();
            let key = std::fs::read_to_string(path("key")).unwrap();
            assert_eq!(
                (finished.is_err(), &*key),
                (fails, if fails { "old" } else { "new" })
            );
            assert_eq!(path("new").exists(), !fails);
            // Nothing is left beside them.
            let left = std::fs::read_dir(directory.path()).unwrap().count();
            assert_eq!(left, if fails { 2 } else { 3 });
        }
    }

    #[test]
    fn what_is_no_file_is_written_into_and_stays() {
        use std::os::unix::fs::FileTypeExt as _;

        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RWXU).unwrap();
        let reader = std::thread::spawn({
            let path = path.clone();
            move || std::fs::read(path).unwrap()
        });
        write(&path, b"a", Access::Everybody).unwrap();
        assert_eq!(reader.join().unwrap(), b"a");
        assert!(path.metadata().unwrap().file_type().is_fifo());
        // A link to it, too.
        let link = directory.path().join("link");
        std::os::unix::fs::symlink("/dev/null", &link).unwrap();
        write(&link, b"a", Access::Owner).unwrap();
        assert!(
            link.is_symlink()
                && Path::new("/dev/null")
                    .metadata()
                    .unwrap()
                    .file_type()
                    .is_char_device()
        );
    }
}
