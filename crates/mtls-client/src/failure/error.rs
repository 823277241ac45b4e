//! Why a connection, or a request on it, failed.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use http::StatusCode;
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
    /// Whether the sentence already says what the source says: `source()` then gives the source's own source.
    includes_source: bool,
}

/// What kind of failure it was: the part a program decides on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The answer came and is not what was expected of it, such as JSON of another form.
    Body,
    /// No connection could be made: nothing listens there, no route, no such host.
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
    /// The request cannot be made: no whole URL, `http://` where that is not allowed, an invalid header. Nothing was
    /// sent.
    InvalidRequest,
    /// The server's certificate is for another name.
    NameMismatch,
    /// The server's chain is verified and has none of the pinned keys.
    PinMismatch {
        /// The keys that were seen, the server's own first, the root's last.
        seen: Vec<Pin>,
    },
    /// The two sides do not speak the same protocol: no TLS on that port, no common version, bad HTTP.
    Protocol,
    /// The server redirects to another origin, or too often. The last request was not sent.
    Redirect,
    /// A certificate of the server's chain is revoked.
    Revoked,
    /// The server answered with this status, and the caller takes it for an error, as
    /// reqwest's `error_for_status` does.
    Status(StatusCode),
    /// The server did not answer in time.
    Timeout,
    /// The server's chain does not end in a trusted root, or its certificate is not for servers.
    UntrustedServer,
}

impl ErrorKind {
    /// The name used in tables, logs and on the command line, such as `identity-rejected`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Body => "body",
            Self::Connect => "connect",
            Self::Expired => "expired",
            Self::IdentityInvalid => "identity-invalid",
            Self::IdentityRejected { .. } => "identity-rejected",
            Self::InvalidRequest => "invalid-request",
            Self::NameMismatch => "name-mismatch",
            Self::PinMismatch { .. } => "pin-mismatch",
            Self::Protocol => "protocol",
            Self::Redirect => "redirect",
            Self::Revoked => "revoked",
            Self::Status(_) => "status",
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

    /// The verifier's own error, if the server was refused.
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

    fn with(
        kind: ErrorKind,
        sentence: String,
        source: Option<Source>,
        includes_source: bool,
    ) -> Self {
        Self(Arc::new(Inner {
            kind,
            sentence,
            source,
            includes_source,
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
        if self.0.includes_source {
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
