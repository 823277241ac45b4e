//! Why CRL files cannot be used together.

use crate::crl::CrlError;
use crate::pem::PemError;

/// Why CRL files cannot be used. Positions count from 0, those in sentences from 1.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CrlLoadError {
    /// No file was given.
    #[error("no CRL was given")]
    Empty,

    /// A file holds no CRL.
    #[error("CRL file {} holds {found}, and no CRL: it takes PEM (BEGIN X509 CRL) or one DER CRL", file + 1)]
    NoCrl {
        /// Its position.
        file: usize,
        /// What it holds, in words.
        found: String,
    },

    /// A PEM section is broken or not known.
    #[error("CRL file {} cannot be read", file + 1)]
    Pem {
        /// The file's position.
        file: usize,
        /// The section, and what is wrong with it.
        source: PemError,
    },

    /// A file is larger than [`CrlSet::MAX_FILE_LEN`](super::CrlSet::MAX_FILE_LEN).
    #[error("CRL file {} has {len} bytes, at most 67108864 are read", file + 1)]
    TooLarge {
        /// Its position.
        file: usize,
        /// Its length in bytes.
        len: usize,
    },

    /// A CRL cannot be used.
    #[error("CRL {} of file {} cannot be used", index + 1, file + 1)]
    Unusable {
        /// The file's position.
        file: usize,
        /// The CRL's position in it.
        index: usize,
        /// Why not.
        source: CrlError,
    },
}

impl CrlLoadError {
    /// The position of the file at fault, if there is one.
    #[must_use]
    pub fn file(&self) -> Option<usize> {
        match self {
            Self::Empty => None,
            Self::NoCrl { file, .. }
            | Self::Pem { file, .. }
            | Self::TooLarge { file, .. }
            | Self::Unusable { file, .. } => Some(*file),
        }
    }

    /// The same about a file in another position.
    pub(super) fn in_file(mut self, position: usize) -> Self {
        match &mut self {
            Self::Empty => {}
            Self::NoCrl { file, .. }
            | Self::Pem { file, .. }
            | Self::TooLarge { file, .. }
            | Self::Unusable { file, .. } => *file = position,
        }
        self
    }
}
