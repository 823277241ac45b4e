//! Why the matrix could not be run.

use std::io;
use std::path::PathBuf;

/// The matrix could not be run to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MatrixError {
    /// The manifest of the lab is not one that this version reads.
    #[error("{} is not the manifest of a lab of this version: make the lab again", path.display())]
    Manifest {
        /// Which.
        path: PathBuf,
    },

    /// A certificate file of the lab is empty.
    #[error("a certificate file of the lab holds no certificate")]
    NoCertificate,

    /// A file of the lab is missing.
    #[error("{} cannot be read: is this a lab?", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },

    /// A server or client could not be set up.
    #[error("a server or client of the lab could not be set up")]
    Setup(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl MatrixError {
    pub(crate) fn setup(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Setup(source.into())
    }
}
