//! Why a server of OpenBao or Vault was not asked, or did not answer.

use std::fmt;
use std::path::PathBuf;

use reqwest::StatusCode;
use serde::Deserialize;

use crate::UpstreamError;
use crate::client::{BaseUrlError, ClientError};

/// Why the server was not asked, or did not answer as it should.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApiError {
    /// 403: the token is not good, or may not do this.
    #[error("the token may not {capabilities} {path}{said}")]
    Denied {
        /// The path of the API.
        path: String,
        /// What it would need: `read or list`, `update`.
        capabilities: &'static str,
        /// What the server says.
        said: Said,
    },

    /// A setting that no header can have.
    #[error("`{text}` is not a header value")]
    Header {
        /// Which one.
        text: &'static str,
    },

    /// Plain HTTP to another machine.
    #[error(
        "http:// would send the token to {host} in the clear: use https://, or a tunnel to this machine"
    )]
    InTheClear {
        /// The other machine.
        host: String,
    },

    /// What cannot be the path of a mount.
    #[error("`{}` is not the path of a mount", path.escape_debug())]
    Mount {
        /// The text.
        path: String,
    },

    /// No roots were given, and the system has none.
    #[error("the operating system has no roots that it trusts: name the server's with --ca-file")]
    NoRoots,

    /// It wants the request to go to another server.
    #[error("{path} redirects to {target}, and the token is for this server alone: name that one")]
    Redirect {
        /// The path of the API.
        path: String,
        /// The other server.
        target: String,
    },

    /// The request was sent, perhaps, and there is no response.
    #[error("{host} did not respond")]
    Request {
        /// The server.
        host: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// The response cannot be read.
    #[error("what {path} responds with is not what OpenBao or Vault does")]
    Response {
        /// The path of the API.
        path: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// TLS or HTTP could not be set up.
    #[error("TLS or HTTP could not be set up")]
    SetUp(#[source] Box<dyn std::error::Error + Send + Sync>),

    /// Any other status than one of success.
    #[error("{path} responds with {status}{said}")]
    Status {
        /// The path of the API.
        path: String,
        /// The status.
        status: StatusCode,
        /// What the server says.
        said: Said,
    },

    /// The file with the token cannot be used.
    #[error("the token cannot be read from {}", path.display())]
    Token {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// More than anybody wants to read.
    #[error("{path} responds with more than {limit} bytes")]
    TooLong {
        /// The path of the API.
        path: String,
        /// The limit.
        limit: usize,
    },

    /// No connection was made, so that nothing was asked.
    #[error("{host} cannot be reached")]
    Unreached {
        /// The server.
        host: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// What cannot be the address of a server.
    #[error("a server of OpenBao is an http:// or https:// URL with a host, and no more")]
    Url,
}

impl ApiError {
    /// The same for whoever asks `upstream` for certificates.
    pub(super) fn of(self, upstream: &str) -> UpstreamError {
        let upstream = upstream.to_owned();
        match self {
            Self::Denied { said, .. } => UpstreamError::Credential {
                upstream,
                said: said.to_string(),
            },
            Self::Status { status, said, .. } if is_refusal(status) => UpstreamError::Refused {
                upstream,
                said: said.to_string(),
            },
            error if error.may_have_been_done() => UpstreamError::Unclear {
                upstream,
                source: error.into(),
            },
            error => UpstreamError::Unavailable {
                upstream,
                source: error.into(),
            },
        }
    }

    fn may_have_been_done(&self) -> bool {
        match self {
            Self::Request { .. } | Self::Response { .. } | Self::TooLong { .. } => true,
            Self::Status { status, .. } => !is_not_ready(*status) && !is_refusal(*status),
            _ => false,
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

/// Sealed, standing by, behind the active server, or asked too often. Nothing was done.
fn is_not_ready(status: StatusCode) -> bool {
    matches!(status.as_u16(), 412 | 429 | 472 | 473 | 503)
}

fn is_refusal(status: StatusCode) -> bool {
    status.is_client_error() && !is_not_ready(status)
}

/// What the server says of an error, after a colon, as far as it fits into a sentence; or nothing.
#[derive(Debug)]
pub struct Said(String);

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.is_empty() {
            true => Ok(()),
            false => write!(f, ": {}", self.0),
        }
    }
}

impl Said {
    pub(super) fn of(body: &[u8]) -> Self {
        let errors = serde_json::from_slice::<Errors>(body).map(|it| it.errors.join("; "));
        let text = errors.unwrap_or_default();
        let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        Self(text.chars().filter(|c| !c.is_control()).take(200).collect())
    }
}

#[derive(Deserialize)]
struct Errors {
    errors: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_fits_into_a_sentence() {
        let text = Said::of(br#"{"errors":["Vault is\n sealed \u001b[1m"]}"#);
        assert_eq!(text.to_string(), ": Vault is sealed [1m");
        assert_eq!(Said::of(b"<html>").to_string(), "");
    }

    #[test]
    fn what_was_decided_what_may_be_asked_again_and_what_is_unclear_are_told_apart() {
        use UpstreamError as E;
        let of = |status: u16| {
            let error = ApiError::Status {
                path: "pki/sign/a".into(),
                status: StatusCode::from_u16(status).unwrap_or_default(),
                said: Said::of(b""),
            };
            error.of("OpenBao")
        };
        for status in [400, 404, 405] {
            assert!(matches!(of(status), E::Refused { .. }), "{status}");
        }
        for status in [429, 472, 503] {
            assert!(matches!(of(status), E::Unavailable { .. }), "{status}");
        }
        for status in [500, 502, 504] {
            assert!(matches!(of(status), E::Unclear { .. }), "{status}");
            assert!(!of(status).nothing_was_issued());
        }
    }
}
