//! The lab under test: a fresh one in a temporary directory.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::process;

/// A lab in a directory of its own, gone with this value.
pub(crate) struct Lab {
    directory: tempfile::TempDir,
    /// What its tables are headed with: the kind of its keys.
    pub(crate) name: String,
}

impl Lab {
    /// A new lab with keys of `key_type` (`ec` or `rsa`).
    pub(crate) fn make(key_type: &str) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        make_lab(directory.path(), key_type)
            .with_context(|| format!("making the {key_type} lab"))?;
        Ok(Self {
            directory,
            name: key_type.to_owned(),
        })
    }

    /// A copy of the lab in `directory`, so that checks may write beside its files.
    pub(crate) fn copy_of(directory: &Path) -> Result<Self> {
        let copy = tempfile::tempdir()?;
        copy_tree(directory, copy.path())
            .with_context(|| format!("copying {}", directory.display()))?;
        Ok(Self {
            directory: copy,
            name: directory.display().to_string(),
        })
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.directory.path().join(file)
    }

    /// `path` for a program's argument.
    pub(crate) fn arg(&self, file: &str) -> String {
        self.path(file).to_string_lossy().into_owned()
    }
}

/// The password of the lab's bundles.
pub(crate) const PASSWORD: &str = "MyP12Passw0rd";

/// Writes the lab into `directory`.
fn make_lab(directory: &Path, key_type: &str) -> Result<()> {
    let arguments = [
        OsStr::new("gen-certs"),
        OsStr::new("--out"),
        directory.as_os_str(),
        OsStr::new("--force"),
    ];
    let this = std::env::current_exe()?;
    let said = process::run(
        Command::new(this)
            .args(arguments)
            .args(["--key-type", key_type]),
        None,
    )?;
    ensure!(said.success(), "gen-certs failed: {}", said.reason());
    Ok(())
}

fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
