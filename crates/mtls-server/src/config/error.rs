//! What is wrong with settings, or with the files that they are made of.

use crate::sources::{crl_sources::error::CrlSourceError, files::FileError};

/// Why a server cannot be set up with these settings.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// RFC 7301 section 3.1: 1 to 255 bytes each.
    #[error("an application protocol name is empty or longer than 255 bytes")]
    Alpn,

    /// The certificates that a proxy forwards are those of clients.
    #[error("the verifier of forwarded certificates is not for TLS clients (Purpose::TlsClient)")]
    ForwardedPurpose,

    /// A name is not a host name, nor `*.` before one.
    #[error("{name:?} is not a host name: give one such as api.example.com or *.example.com")]
    Name {
        /// The name.
        name: String,
    },

    /// Two virtual hosts have one name.
    #[error("{name} is given twice: it can have one identity and one set of client roots")]
    NameTwice {
        /// The name.
        name: String,
    },

    /// Nothing succeeds in no time.
    #[error("a time limit is zero: give it some seconds")]
    NoTime,

    /// Sessions that nobody could resume, or that could be resumed for too long.
    #[error("sessions can be resumed for 1 s to 7 days, and at least one has to be stored")]
    Resumption,

    /// TLS cannot be set up with these settings.
    #[error("TLS could not be set up")]
    Tls(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Why no settings could be made of files.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// What the files hold does not work together.
    #[error(transparent)]
    Config(ConfigError),

    /// A source of CRLs cannot be used.
    #[error(transparent)]
    Crls(CrlSourceError),

    /// A file cannot be used.
    #[error(transparent)]
    File(#[from] FileError),

    /// The runtime ended, or this crate has a bug.
    #[error("loading was interrupted")]
    Interrupted(#[source] Box<dyn std::error::Error + Send + Sync>),
}
