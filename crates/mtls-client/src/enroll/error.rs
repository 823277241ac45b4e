//! Why there is no certificate.

use std::path::PathBuf;

use crate::ConfigError;
use crate::failure::error::Error;

/// Why there is no certificate, or no new one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnrollError {
    /// The server answers in a way that is not that of an enrolment server.
    #[error("the enrolment server gives an answer that cannot be used: {0}")]
    Answer(String),

    /// The enrolment server cannot be reached, or is not accepted.
    #[error("the enrolment server cannot be asked")]
    Connect(#[source] Error),

    /// A file cannot be read or written.
    #[error("cannot use {}", path.display())]
    File {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// The new certificate was issued, and the server does not accept it. The one before stays.
    #[error("the new certificate is not accepted by the server, and the one before stays")]
    NotAccepted(#[source] Error),

    /// No key or CSR could be made.
    #[error("a certificate request could not be made")]
    Request(#[source] Box<dyn std::error::Error + Send + Sync>),

    /// The CA has refused. Its sentence says why.
    #[error("the CA has refused: {detail}")]
    Refused {
        /// The status of HTTP.
        status: u16,
        /// The stable name of the reason, such as `token_used`.
        kind: String,
        /// What is wrong.
        detail: String,
    },

    /// The connector's settings are wrong.
    #[error("the enrolment server's address cannot be used")]
    Settings(#[source] ConfigError),

    /// What was issued is not what was asked for.
    #[error("the certificate that was issued cannot be used: {0}")]
    Unsound(String),

    /// Not `https://HOST[:PORT]`.
    #[error("`{0}` is not like https://ca.example.org:8444")]
    Url(String),
}

impl EnrollError {
    /// Whether it would be the same the next time: a refusal that is no matter of time.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::Refused { status, .. } => {
                (400..500).contains(status) && ![408, 429].contains(status)
            }
            Self::Settings(_) | Self::Url(_) => true,
            _ => false,
        }
    }

    pub(super) fn file(
        path: impl Into<PathBuf>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::File {
            path: path.into(),
            source: source.into(),
        }
    }
}
