//! What a run leaves behind that was killed: keys among it, and perhaps somebody's files.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::error::DiskError;
use super::old_lab::keep_other_files;
use super::place::is_private_directory;
use super::staging::{LAB, OLD};
use crate::manifest::MANIFEST;

/// Clears away the staging directories in `parent` that begin with `name` and are older than any run
/// that is still alive. Each was made for its owner alone; what is not so was made by somebody else, and is left. The lab goes back to `directory` if it was on its way, and so does what is
/// not the lab's.
pub(super) fn clear(parent: &Path, name: &str, directory: &Path) -> Result<(), DiskError> {
    for entry in fs::read_dir(parent).map_err(DiskError::read(parent))? {
        let entry = entry.map_err(DiskError::read(parent))?;
        let path = entry.path();
        let is_staging = entry.file_name().to_string_lossy().starts_with(name);
        if is_staging && is_private_directory(&path) && is_abandoned(&path) {
            put_back(&path, directory)?;
            fs::remove_dir_all(&path).map_err(DiskError::write(&path))?;
        }
    }
    Ok(())
}

fn put_back(staging: &Path, directory: &Path) -> Result<(), DiskError> {
    // Without a manifest, its last file, it is a lab that was never whole.
    let labs = [OLD, LAB].map(|name| staging.join(name));
    for lab in labs.iter().filter(|lab| lab.join(MANIFEST).exists()) {
        if directory.exists() {
            keep_other_files(lab, directory)?;
        } else {
            fs::rename(lab, directory).map_err(DiskError::write(directory))?;
        }
    }
    Ok(())
}

/// Writing takes well under a second; the keys are made before it begins.
fn is_abandoned(path: &Path) -> bool {
    let modified = fs::symlink_metadata(path).and_then(|metadata| metadata.modified());
    modified.is_ok_and(|modified| modified.elapsed().is_ok_and(|age| age > MINUTE))
}

const MINUTE: Duration = Duration::from_secs(60);
