//! Where a lab is written before it takes its place.

use std::path::Path;

/// How the directory's name begins in which the lab of `directory` is written.
pub(super) fn staging_name(directory: &Path) -> String {
    let name = directory.file_name().unwrap_or_default().to_string_lossy();
    format!(".{name}.mtls-lab-")
}

/// Inside the staging directory: the lab that is being written, and afterwards the old one.
pub(super) const LAB: &str = "lab";
/// Inside the staging directory: the old lab, for as long as an exchange in two steps takes.
pub(super) const OLD: &str = "old";
