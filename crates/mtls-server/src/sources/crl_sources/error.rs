use pki_core::verify::{CrlError, CrlLoadError};

use crate::sources::{files::FileError, plain_http::HttpError};

/// A source of revocation lists that cannot be used: the message names it and says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CrlSourceError {
    /// The URL did not answer, or not with something to read.
    #[error("revocation list {url} cannot be fetched")]
    Download {
        /// The URL.
        url: String,
        /// What happened.
        source: HttpError,
    },

    /// What the URL answered with holds no list that can be used; its path is the URL.
    #[error(transparent)]
    Downloaded(FileError),

    /// A file or directory.
    #[error(transparent)]
    File(#[from] FileError),

    /// A list that is not the complete list of its CA, and none is beside it.
    #[error("{name}: {source}")]
    Incomplete {
        /// The file or URL that holds it.
        name: String,
        /// What is wrong with it.
        source: CrlError,
    },

    /// There is no source.
    #[error("no source of revocation lists is named")]
    NoSource,

    /// The URL answered with older lists than before, or without one that has not expired.
    #[error(
        "{url} answers with older revocation lists than before, or without one of them: somebody may be replaying them"
    )]
    RolledBack {
        /// The URL.
        url: String,
    },
}

impl CrlSourceError {
    /// Lists that were read one by one and cannot be put together; `name` holds the one at fault.
    pub(super) fn together(name: Option<String>, error: CrlLoadError) -> Self {
        match (name, error) {
            (Some(name), CrlLoadError::Unusable { source, .. }) => {
                Self::Incomplete { name, source }
            }
            // The others are found when a file is read.
            _ => Self::NoSource,
        }
    }
}
