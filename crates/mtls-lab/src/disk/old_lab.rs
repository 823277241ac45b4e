//! What becomes of the files in a lab that is replaced.

use std::fs;
use std::path::Path;

use super::error::DiskError;
use crate::manifest::{MANIFEST, Manifest};

/// Moves what somebody else put into the old lab to the same place in the new one.
pub(super) fn keep_other_files(old: &Path, new: &Path) -> Result<(), DiskError> {
    let Some(manifest) = Manifest::read(old) else {
        return Ok(());
    };
    for file in &manifest.files {
        // What is missing needs no removal.
        let _ = fs::remove_file(old.join(&file.path));
    }
    // Removed only now, so that a lab that is half taken apart is still known as one.
    let _ = fs::remove_file(old.join(MANIFEST));
    move_rest(old, new)
}

fn move_rest(old: &Path, new: &Path) -> Result<(), DiskError> {
    for entry in fs::read_dir(old).map_err(DiskError::read(old))? {
        let entry = entry.map_err(DiskError::read(old))?;
        let (from, to) = (entry.path(), new.join(entry.file_name()));
        if to.is_dir() && from.is_dir() {
            move_rest(&from, &to)?;
        } else if !to.exists() && !is_empty_directory(&from) {
            fs::rename(&from, &to).map_err(DiskError::write(&to))?;
        }
    }
    Ok(())
}

fn is_empty_directory(path: &Path) -> bool {
    fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none())
}
