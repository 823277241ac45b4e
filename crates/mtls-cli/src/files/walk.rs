//! The files below a directory.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The regular files below `directory`, in the order of their names, and what could not be looked into.
///
/// A link to a file is that file. A link to a directory is not followed, since it may lead around in a circle.
pub(crate) fn below(directory: &Path) -> (Vec<PathBuf>, Vec<(PathBuf, io::Error)>) {
    let (mut files, mut unread) = (Vec::new(), Vec::new());
    let mut waiting = vec![directory.to_owned()];
    while let Some(directory) = waiting.pop() {
        let entries = fs::read_dir(&directory).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let entries = match entries {
            Ok(entries) => entries,
            Err(error) => {
                unread.push((directory, error));
                continue;
            }
        };
        for entry in entries {
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => waiting.push(path),
                // Pipes and devices are not files, and opening one may wait for ever.
                Ok(_) if path.metadata().is_ok_and(|metadata| metadata.is_file()) => {
                    files.push(path);
                }
                Ok(_) => {}
                Err(error) => unread.push((path, error)),
            }
        }
    }
    files.sort_unstable();
    (files, unread)
}
