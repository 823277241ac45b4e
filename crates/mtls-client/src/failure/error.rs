//! Why a connection, or a request on it, failed.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use pki_core::verify::VerifyError;
use rustls::AlertDescription;

use crate::trust::pin::Pin;
use tls_identity::IdentityError;

pub(crate) type Source = Box<dyn StdError + Send + Sync>;

/// A failure with its kind, and one sentence that says what to do about it.
///
/// `Display` is the sentence; `source()` is what was seen underneath. Cheap to clone.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

struct Inner {
    kind: ErrorKind,
    sentence: String,
    source: Option<Source>,
    /// Whether the sentence says what the source says; `source()` then goes on below it.
    told: bool,
}

/// What kind of failure it was: the part a program decides on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// No connection came about: nobody listens, no route, no such host.
    Connect,
    /// A certificate of the server's chain is expired or not yet valid.
    Expired,
    /// Our own certificate and key cannot be used; nothing was sent.
    IdentityInvalid,
    /// The server refused our certificate.
    IdentityRejected {
        /// The alert that said so. `None` when the server closed the connection, or answered with
        /// an error page, instead of sending one.
        alert: Option<AlertDescription>,
    },
    /// The server's certificate is for another name.
    NameMismatch,
    /// The server's chain is good and has none of the pinned keys.
    PinMismatch {
        /// The keys that were seen, the server's own first, the root's last.
        seen: Vec<Pin>,
    },
    /// The two sides found no common language: no TLS on that port, no common version, bad HTTP.
    Protocol,
    /// A certificate of the server's chain is revoked.
    Revoked,
    /// The server did not answer in time.
    Timeout,
    /// The server's certificate does not lead to a trusted root, or is not fit for a server.
    UntrustedServer,
}

impl ErrorKind {
    /// The name used in tables, logs and on the command line, such as `identity-rejected`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Expired => "expired",
            Self::IdentityInvalid => "identity-invalid",
            Self::IdentityRejected { .. } => "identity-rejected",
            Self::NameMismatch => "name-mismatch",
            Self::PinMismatch { .. } => "pin-mismatch",
            Self::Protocol => "protocol",
            Self::Revoked => "revoked",
            Self::Timeout => "timeout",
            Self::UntrustedServer => "untrusted-server",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Error {
    /// What kind of failure it was.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// Why the server was refused, in the verifier's own terms, if it was.
    ///
    /// Its [`code`](VerifyError::code) is finer than the kind: `ca-as-leaf`, `crl-expired`.
    #[must_use]
    pub fn verify_error(&self) -> Option<&VerifyError> {
        self.0.source.as_ref()?.downcast_ref()
    }

    pub(crate) fn has_cause(&self) -> bool {
        self.0.source.is_some()
    }

    pub(crate) fn new(kind: ErrorKind, sentence: impl Into<String>) -> Self {
        Self::with(kind, sentence.into(), None, false)
    }

    /// A sentence that leaves the details to `source`.
    pub(crate) fn caused(
        kind: ErrorKind,
        sentence: impl Into<String>,
        source: impl Into<Source>,
    ) -> Self {
        Self::with(kind, sentence.into(), Some(source.into()), false)
    }

    /// A sentence with all that `source` itself says.
    pub(crate) fn telling(
        kind: ErrorKind,
        sentence: impl Into<String>,
        source: impl Into<Source>,
    ) -> Self {
        Self::with(kind, sentence.into(), Some(source.into()), true)
    }

    fn with(kind: ErrorKind, sentence: String, source: Option<Source>, told: bool) -> Self {
        Self(Arc::new(Inner {
            kind,
            sentence,
            source,
            told,
        }))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("sentence", &self.0.sentence)
            .field("source", &self.0.source)
            .finish()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.sentence)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let source: &(dyn StdError + 'static) = self.0.source.as_deref()?;
        if self.0.told {
            source.source()
        } else {
            Some(source)
        }
    }
}

impl From<IdentityError> for Error {
    fn from(error: IdentityError) -> Self {
        Self::telling(ErrorKind::IdentityInvalid, error.to_string(), error)
    }
}
