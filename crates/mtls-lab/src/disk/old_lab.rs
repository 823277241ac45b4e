//! What becomes of the files in a lab that is replaced.

use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::error::DiskError;
use crate::manifest::MANIFEST;
use crate::plain_file;
use crate::relative_path::RelativePath;

/// Moves what somebody else put into the old lab to the same place in the new one.
pub(super) fn keep_other_files(old: &Path, new: &Path) -> Result<(), DiskError> {
    for path in files_of(old) {
        // What is missing needs no removal, and what is reached through a link is somebody else's.
        let _ = plain_file::locate(old, &path).and_then(fs::remove_file);
    }
    // Removed only now, so that a lab that is half taken apart is still known as one.
    let _ = fs::remove_file(old.join(MANIFEST));
    move_rest(old, new)
}

/// What the lab's manifest lists, of whatever version it is.
fn files_of(lab: &Path) -> Vec<RelativePath> {
    #[derive(Default, Deserialize)]
    struct AnyManifest {
        files: Vec<AnyEntry>,
    }
    #[derive(Deserialize)]
    struct AnyEntry {
        path: String,
    }
    let text = plain_file::read(lab, &RelativePath::of_lab(MANIFEST)).unwrap_or_default();
    let manifest: AnyManifest = serde_json::from_slice(&text).unwrap_or_default();
    let paths = manifest.files.into_iter().map(|file| file.path);
    paths
        .filter_map(|path| RelativePath::try_from(path).ok())
        .collect()
}

fn move_rest(old: &Path, new: &Path) -> Result<(), DiskError> {
    for entry in fs::read_dir(old).map_err(DiskError::read(old))? {
        let entry = entry.map_err(DiskError::read(old))?;
        let (from, to) = (entry.path(), new.join(entry.file_name()));
        let from_directory = is_directory(&from);
        if from_directory && is_directory(&to) {
            move_rest(&from, &to)?;
        } else if fs::symlink_metadata(&to).is_err()
            && !(from_directory && is_empty_directory(&from))
        {
            fs::rename(&from, &to).map_err(DiskError::write(&to))?;
        }
    }
    Ok(())
}

/// Whether it is one itself and not a link to one.
fn is_directory(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir())
}

fn is_empty_directory(path: &Path) -> bool {
    fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none())
}
