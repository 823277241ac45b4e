//! The lab under test: a fresh one in a temporary directory.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use mtls_lab::{Existing, KeyType, Options};
use suite::ServerFiles;
use time::OffsetDateTime;

/// A lab in a directory of its own, gone with this value.
pub(crate) struct Lab {
    directory: tempfile::TempDir,
    /// What its tables are headed with: the kind of its keys.
    pub(crate) name: String,
}

impl Lab {
    /// A new lab with keys of this type.
    pub(crate) fn make(key_type: KeyType) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let options = Options {
            key_type,
            ..Options::default()
        };
        mtls_lab::ensure(
            directory.path(),
            &options,
            Existing::Replace,
            OffsetDateTime::now_utc(),
        )
        .context("making the lab")?;
        Ok(Self {
            directory,
            name: key_type.to_string(),
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

    /// The files of our server in the scenario with one CA.
    pub(crate) fn server_files(&self) -> ServerFiles {
        self.server_files_of(
            "same-ca/server.crt",
            "same-ca/ca.crt",
            Some("same-ca/ca.crl"),
        )
    }

    /// Those of any scenario; the key is beside the certificate.
    pub(crate) fn server_files_of(
        &self,
        cert: &str,
        client_ca: &str,
        crl: Option<&str>,
    ) -> ServerFiles {
        ServerFiles {
            cert: self.path(cert),
            key: self.path(cert).with_file_name("server.key"),
            client_ca: self.path(client_ca),
            crl: crl.map(|crl| self.path(crl)),
        }
    }

    /// `path` for a program's argument.
    pub(crate) fn arg(&self, file: &str) -> String {
        self.path(file).to_string_lossy().into_owned()
    }
}

/// The password of the lab's bundles.
pub(crate) const PASSWORD: &str = mtls_lab::LAB_PASSWORD;

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
