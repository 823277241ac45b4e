//! Writing a lab: into a directory beside the old one, which then takes its place in one step.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::error::DiskError;
use super::leftovers;
use super::old_lab::keep_other_files;
use super::staging::{LAB, OLD, staging_name};
use crate::lab::Lab;
use crate::manifest::{MANIFEST, Manifest};

/// Puts `lab` in the place of what is in `directory`.
pub(super) fn replace(directory: &Path, lab: &Lab) -> Result<Manifest, DiskError> {
    let parent = parent_of(directory);
    fs::create_dir_all(&parent).map_err(DiskError::write(&parent))?;
    let name = staging_name(directory);
    leftovers::clear(&parent, &name, directory)?;
    // Removed again when it is dropped, with a half-written lab in it or with the old one.
    let staging = tempfile::Builder::new()
        .prefix(&name)
        .tempdir_in(&parent)
        .map_err(DiskError::write(&parent))?;
    let fresh = staging.path().join(LAB);
    let manifest = write(&fresh, lab)?;
    if directory.exists() {
        swap(directory, &fresh, &staging)?;
        keep_other_files(&fresh, directory)?;
    } else {
        fs::rename(&fresh, directory).map_err(DiskError::write(directory))?;
    }
    // The old lab goes now. If that fails the new one is in place all the same.
    if let Err(source) = staging.close() {
        return Err(DiskError::Write {
            path: parent,
            source,
        });
    }
    sync_directory(&parent)?;
    Ok(manifest)
}

fn parent_of(directory: &Path) -> PathBuf {
    match directory.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn write(directory: &Path, lab: &Lab) -> Result<Manifest, DiskError> {
    let manifest = Manifest::of(lab);
    create_directory(directory)?;
    for below in manifest.directories() {
        create_directory(&directory.join(below))?;
    }
    for file in lab.files() {
        write_file(
            &directory.join(file.path()),
            file.secret_contents(),
            file.about().kind.is_secret(),
        )?;
    }
    let mut text = serde_json::to_vec_pretty(&manifest)
        .map_err(io::Error::other)
        .map_err(DiskError::write(directory))?;
    text.push(b'\n');
    write_file(&directory.join(MANIFEST), &text, false)?;
    for below in manifest.directories() {
        sync_directory(&directory.join(below))?;
    }
    sync_directory(directory)?;
    Ok(manifest)
}

fn create_directory(path: &Path) -> Result<(), DiskError> {
    fs::create_dir(path).map_err(DiskError::write(path))
}

/// A secret is its owner's alone from its first byte.
fn write_file(path: &Path, contents: &[u8], secret: bool) -> Result<(), DiskError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if secret {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    #[cfg(not(unix))]
    let _ = secret;
    let write = |mut file: File| {
        file.write_all(contents)?;
        file.sync_all()
    };
    options
        .open(path)
        .and_then(write)
        .map_err(DiskError::write(path))
}

fn sync_directory(path: &Path) -> Result<(), DiskError> {
    // A directory cannot be opened for this everywhere; where it can, the names are safe after it.
    #[cfg(unix)]
    File::open(path)
        .and_then(|directory| directory.sync_all())
        .map_err(DiskError::write(path))?;
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// Exchanges the two directories. Afterwards `fresh` is the old one.
#[cfg(target_os = "linux")]
fn swap(directory: &Path, fresh: &Path, staging: &TempDir) -> Result<(), DiskError> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    match renameat_with(CWD, fresh, CWD, directory, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(()),
        // A file system that cannot exchange (NFS, for one).
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {
            swap_in_two_steps(directory, fresh, staging)
        }
        Err(error) => Err(DiskError::write(directory)(error.into())),
    }
}

#[cfg(not(target_os = "linux"))]
fn swap(directory: &Path, fresh: &Path, staging: &TempDir) -> Result<(), DiskError> {
    swap_in_two_steps(directory, fresh, staging)
}

/// The old lab steps aside first, and comes back if the new one cannot take its place.
fn swap_in_two_steps(directory: &Path, fresh: &Path, staging: &TempDir) -> Result<(), DiskError> {
    let aside = staging.path().join(OLD);
    fs::rename(directory, &aside).map_err(DiskError::write(directory))?;
    if let Err(error) = fs::rename(fresh, directory) {
        fs::rename(&aside, directory).map_err(DiskError::write(directory))?;
        return Err(DiskError::write(directory)(error));
    }
    fs::rename(&aside, fresh).map_err(DiskError::write(fresh))
}
