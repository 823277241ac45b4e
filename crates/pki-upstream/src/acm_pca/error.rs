//! Why AWS was not asked, or did not answer.

use std::fmt;

use reqwest::StatusCode;

use super::credentials::CredentialsError;
use crate::UpstreamError;
use crate::client::{BaseUrlError, ClientError};

/// Why AWS was not asked, or did not answer as it should.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApiError {
    /// There are no keys to sign the request with.
    #[error("there are no keys of AWS to ask with")]
    Credentials(#[source] CredentialsError),

    /// An error that AWS names.
    #[error("{action}: {code}{said}")]
    Exception {
        /// What was asked for: `IssueCertificate`.
        action: &'static str,
        /// The status.
        status: StatusCode,
        /// Its name: `ThrottlingException`.
        code: Code,
        /// What AWS says about it.
        said: Said,
    },

    /// Plain HTTP to another machine.
    #[error("http:// would send the request to {host} in the clear: use https://")]
    InTheClear {
        /// The other machine.
        host: String,
    },

    /// No roots were given, and the system has none.
    #[error("the operating system has no roots that it trusts: name the server's with ca-file")]
    NoRoots,

    /// The request was sent, perhaps, and there is no response.
    #[error("{host} did not respond")]
    Request {
        /// The server.
        host: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// The response cannot be read.
    #[error("what {action} responds with is not what AWS Private CA does")]
    Response {
        /// What was asked for.
        action: &'static str,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// TLS or HTTP could not be set up, or a request could not be signed.
    #[error("a request could not be made")]
    SetUp(#[source] Box<dyn std::error::Error + Send + Sync>),

    /// No connection was made, so that nothing was asked.
    #[error("{host} cannot be reached")]
    Unreached {
        /// The server.
        host: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// What cannot be the address of a server.
    #[error("an endpoint of AWS is an https:// URL with a host, and no more")]
    Url,
}

/// The name of an error. It has nothing but letters, digits, dots and dashes.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Code(String);

/// What AWS says of an error, after a colon, as far as it fits into a sentence; or nothing.
#[derive(Debug)]
pub struct Said(String);

/// What an error means for whoever asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// Keys that are not accepted, or may not do this.
    Credential,
    /// It may be done later, and was not done now.
    Later,
    /// Decided.
    Refused,
    /// It may have been done.
    Unclear,
}

impl ApiError {
    /// The name of the error that AWS has answered with; empty if it has not.
    pub(super) fn code(&self) -> &str {
        match self {
            Self::Exception { code, .. } => &code.0,
            _ => "",
        }
    }

    /// The same for whoever asks `upstream` for certificates.
    pub(super) fn of(self, upstream: &str) -> UpstreamError {
        let upstream = upstream.to_owned();
        let kind = self.kind();
        match (kind, self) {
            (Kind::Credential, error) => UpstreamError::Credential {
                upstream,
                said: said(&error),
            },
            (Kind::Refused, error) => UpstreamError::Refused {
                upstream,
                said: said(&error),
            },
            (Kind::Later, error) => UpstreamError::Unavailable {
                upstream,
                source: error.into(),
            },
            (Kind::Unclear, error) => UpstreamError::Unclear {
                upstream,
                source: error.into(),
            },
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Exception { code, status, .. } => code.kind(*status),
            Self::Request { .. } | Self::Response { .. } => Kind::Unclear,
            Self::Credentials(_) => Kind::Credential,
            _ => Kind::Later,
        }
    }
}

impl From<ClientError> for ApiError {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::NoRoots => Self::NoRoots,
            ClientError::SetUp(source) => Self::SetUp(source),
        }
    }
}

impl From<BaseUrlError> for ApiError {
    fn from(error: BaseUrlError) -> Self {
        match error {
            BaseUrlError::Wrong => Self::Url,
            BaseUrlError::InTheClear(host) => Self::InTheClear { host },
        }
    }
}

impl Code {
    /// As it stands in a header or a body: `com.amazonaws.acmpca#ThrottlingException:http://...`.
    pub(super) fn read(text: &str) -> Self {
        let text = text.split(':').next().unwrap_or_default();
        let name = text.rsplit('#').next().unwrap_or_default();
        let is_good = |c: &char| c.is_ascii_alphanumeric() || "._-".contains(*c);
        Self(name.chars().filter(is_good).take(100).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn kind(&self, status: StatusCode) -> Kind {
        match self.0.as_str() {
            // Of all services: AWS's "Common Error Types", and what its tools take for throttling.
            "AccessDenied"
            | "AccessDeniedException"
            | "ExpiredToken"
            | "ExpiredTokenException"
            | "IncompleteSignature"
            | "IncompleteSignatureException"
            | "InvalidClientTokenId"
            | "InvalidSignatureException"
            | "MissingAuthenticationToken"
            | "MissingAuthenticationTokenException"
            | "NotAuthorized"
            | "OptInRequired"
            | "RequestExpired"
            | "SignatureDoesNotMatch"
            | "UnrecognizedClientException" => Kind::Credential,
            "ProvisionedThroughputExceededException"
            | "RequestLimitExceeded"
            | "RequestThrottled"
            | "RequestThrottledException"
            | "ServiceUnavailable"
            | "ServiceUnavailableException"
            | "SlowDown"
            | "Throttling"
            | "ThrottlingException"
            | "ThrottledException"
            | "TooManyRequestsException" => Kind::Later,
            // Of this one: the CA is disabled, or another change of it is not done.
            "ConcurrentModificationException" | "InvalidStateException" => Kind::Later,
            _ => match status.as_u16() {
                401 | 403 => Kind::Credential,
                429 | 503 => Kind::Later,
                400..=499 => Kind::Refused,
                _ => Kind::Unclear,
            },
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.is_empty() {
            true => f.write_str("an error without a name"),
            false => f.write_str(&self.0),
        }
    }
}

impl Said {
    pub(super) fn of(text: &str) -> Self {
        let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        Self(text.chars().filter(|c| !c.is_control()).take(300).collect())
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.is_empty() {
            true => Ok(()),
            false => write!(f, ": {}", self.0),
        }
    }
}

/// With its causes, after a colon.
fn said(error: &ApiError) -> String {
    let mut text = format!(": {error}");
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_an_error_is_found() {
        for (text, name) in [
            ("ThrottlingException", "ThrottlingException"),
            (
                "com.amazonaws.acmpca#InvalidArnException",
                "InvalidArnException",
            ),
            (
                "RequestInProgressException:http://internal.amazon.com/coral/",
                "RequestInProgressException",
            ),
            ("", ""),
            ("a b\u{1b}[1m", "ab1m"),
        ] {
            assert_eq!(Code::read(text).0, name);
        }
    }

    #[test]
    fn what_was_decided_what_may_be_asked_again_and_what_is_unclear_are_told_apart() {
        for (status, code, kind) in [
            (400, "MalformedCSRException", Kind::Refused),
            (400, "LimitExceededException", Kind::Refused),
            (400, "ThrottlingException", Kind::Later),
            (400, "InvalidStateException", Kind::Later),
            (429, "", Kind::Later),
            (503, "", Kind::Later),
            (400, "AccessDeniedException", Kind::Credential),
            (403, "", Kind::Credential),
            (500, "InternalFailure", Kind::Unclear),
            (502, "", Kind::Unclear),
            (301, "", Kind::Unclear),
        ] {
            let status = StatusCode::from_u16(status).unwrap_or_default();
            assert_eq!(Code::read(code).kind(status), kind, "{status} {code}");
        }
    }

    #[test]
    fn what_aws_says_fits_into_a_sentence() {
        let said = Said::of("Rate\n exceeded \u{1b}[1m");
        assert_eq!(said.to_string(), ": Rate exceeded [1m");
        assert_eq!(Said::of("a".repeat(1000).as_str()).to_string().len(), 302);
    }
}
