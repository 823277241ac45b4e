//! One process at a time.

use std::fs;
use std::io;
use std::path::Path;

use anyhow::{Context as _, Result};

/// Waits until nobody else changes what is in a directory. The lock ends with the file.
///
/// # Errors
///
/// If the directory cannot be written.
pub(super) fn lock(directory: &Path) -> Result<fs::File> {
    let path = directory.join(".lock");
    let open = || -> io::Result<fs::File> {
        let file = fs::OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)?;
        #[cfg(unix)]
        rustix::fs::flock(&file, rustix::fs::FlockOperation::LockExclusive)?;
        Ok(file)
    };
    open().with_context(|| format!("cannot lock {}", path.display()))
}
