//! The files of the lab, as the peers read them.

use std::fs;
use std::path::{Path, PathBuf};

use mtls_client::Password;
use mtls_lab::{MANIFEST, Manifest};
use pki_core::verify::TrustAnchors;
use zeroize::Zeroizing;

use crate::error::MatrixError;

/// A lab on disk, as the peers see it.
pub(crate) struct LabFiles {
    pub(crate) directory: PathBuf,
    pub(crate) password: Password,
}

impl LabFiles {
    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.directory.join(file)
    }

    pub(crate) fn read(&self, file: &str) -> Result<Zeroizing<Vec<u8>>, MatrixError> {
        let path = self.path(file);
        fs::read(&path)
            .map(Zeroizing::new)
            .map_err(|source| MatrixError::Read { path, source })
    }

    pub(crate) fn roots(&self, file: &str) -> Result<TrustAnchors, MatrixError> {
        TrustAnchors::from_pem(&self.read(file)?).map_err(MatrixError::setup)
    }
}

/// Read before any connection: the lab is where it should be.
pub(crate) fn manifest(directory: &Path) -> Result<Manifest, MatrixError> {
    let path = directory.join(MANIFEST);
    let readable = fs::metadata(&path);
    readable.map_err(|source| MatrixError::Read {
        path: path.clone(),
        source,
    })?;
    Manifest::read(directory).ok_or(MatrixError::Manifest { path })
}
