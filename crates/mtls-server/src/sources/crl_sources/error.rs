use pki_core::{CrlError, verify::CrlLoadError};

use crate::sources::{files::FileError, plain_http::HttpError};

/// A source of CRLs that cannot be used: the message names it and says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CrlSourceError {
    /// The URL did not respond, or not with a body.
    #[error("CRL {url} cannot be fetched")]
    Download {
        /// The URL.
        url: String,
        /// What happened.
        source: HttpError,
    },

    /// The response holds no CRL that can be used. The path in the error is the URL.
    #[error(transparent)]
    Downloaded(FileError),

    /// A file or directory.
    #[error(transparent)]
    File(#[from] FileError),

    /// A CRL that is not the complete CRL of its CA, where there is no complete one.
    #[error("{name}: {source}")]
    Incomplete {
        /// The file or URL that holds it.
        name: String,
        /// What is wrong with it.
        source: CrlError,
    },

    /// There is no source.
    #[error("no source of CRLs is named")]
    NoSource,

    /// The response holds older CRLs than before, or lacks one that has not expired. If the CA of the
    /// earlier ones is not known yet, those may have been forged instead, and all of them are in use.
    #[error(
        "{url} responds with older CRLs than before, or without one of them: somebody may be replaying them"
    )]
    RolledBack {
        /// The URL.
        url: String,
    },

    /// The response holds more than 4096 CRLs, or it and those before hold too many whose CA is not
    /// known. The earlier ones stay in use.
    #[error(
        "{url} has responded with too many CRLs that nobody can verify: name the certificate of their CA, or somebody may be forging them"
    )]
    TooMany {
        /// The URL.
        url: String,
    },
}

impl CrlSourceError {
    /// CRLs that were read one by one and cannot be combined; `name` holds the one at fault.
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
