//! Why there is no certificate.

use std::path::PathBuf;

use super::key_store::KeyStoreError;
use crate::ConfigError;
use crate::failure::error::{Error, ErrorKind};

/// Why there is no certificate, or no new one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnrollError {
    /// The server answers in a way that is not that of an enrolment server.
    #[error("the enrolment server gives an answer that cannot be used: {0}")]
    Answer(String),

    /// Another agent has its turn at the directory, in this process or another one, and has had it for half a minute.
    #[error("another process is getting a certificate for {}", .0.display())]
    Busy(PathBuf),

    /// The enrolment server cannot be reached, or is not accepted.
    #[error("the enrolment server cannot be asked")]
    Connect(#[source] Error),

    /// The evidence that was to go with the request could not be made.
    #[error("there is no evidence to send with the request")]
    Evidence(#[source] Box<dyn std::error::Error + Send + Sync>),

    /// A file cannot be read or written.
    #[error("cannot use {}", path.display())]
    File {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// The key cannot be made, found or removed where keys are kept.
    #[error("the key cannot be used")]
    Key(#[source] KeyStoreError),

    /// There is no certificate, and no token to get one by.
    #[error("there is no token to get a certificate by")]
    NoToken,

    /// The new certificate was issued, and a server does not accept it. The one before stays.
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
        /// The stable name of the reason, such as `token_used`; `est` from a server of EST, which has no such names.
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

    /// Neither `https://HOST[:PORT]` nor, for EST, `https://HOST[:PORT]/.well-known/est[/LABEL]`.
    #[error(
        "`{0}` is not like https://ca.example.org:8444, or https://ca.example.org/.well-known/est for EST"
    )]
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
            Self::NoToken | Self::Settings(_) | Self::Url(_) => true,
            _ => false,
        }
    }

    /// Whether it is the presented certificate that entitles to nothing any more, as when it is revoked. The TLS handshake may
    /// say so, too.
    pub(super) fn is_of_certificate(&self) -> bool {
        match self {
            Self::Connect(error) => is_refusal(error),
            Self::Refused { status, kind, .. } => match kind.as_str() {
                "certificate_not_valid" => true,
                EST => [401, 403].contains(status),
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether it may be otherwise a while later, although nobody does anything about it: the CA is away, or busy.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Connect(error) => !matches!(
                error.kind(),
                ErrorKind::NameMismatch | ErrorKind::UntrustedServer | ErrorKind::InvalidRequest
            ),
            Self::Answer(_) | Self::Refused { .. } => !self.is_final(),
            Self::Busy(_) => true,
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

/// Whether it is the certificate that the server does not accept.
pub(super) fn is_refusal(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::IdentityRejected { .. } | ErrorKind::IdentityInvalid
    )
}

/// The kind of all refusals by EST, which has no names for them.
pub(super) const EST: &str = "est";
