//! Why a server of OpenBao or Vault cannot be read.

use std::fmt;

use reqwest::StatusCode;
use serde::Deserialize;

/// Why the server was not asked, or did not answer as it should.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("the token may not read {path}: give it the capabilities `read` and `list` there")]
    Denied { path: String },

    #[error("`{text}` is not a header value")]
    Header { text: &'static str },

    #[error(
        "http:// would send the token to {host} in the clear: use https://, or a tunnel to this machine"
    )]
    InTheClear { host: String },

    #[error("the operating system has no roots that it trusts: name the server's with --ca-file")]
    NoRoots,

    #[error("{path} redirects to {target}, and the token is for this server alone: name that one")]
    Redirect { path: String, target: String },

    #[error("{host} did not respond")]
    Request {
        host: String,
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    #[error("what {path} responds with is not what OpenBao or Vault does")]
    Response {
        path: String,
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    #[error("TLS or HTTP could not be set up")]
    SetUp(#[source] Box<dyn std::error::Error + Send + Sync>),

    #[error("{path} responds with {status}{said}")]
    Status {
        path: String,
        status: StatusCode,
        said: Said,
    },

    #[error("{path} responds with more than {limit} bytes")]
    TooLong { path: String, limit: usize },

    #[error("a server of OpenBao is an http:// or https:// URL with a host, and no more")]
    Url,
}

/// What the server says of an error, as far as it fits into a sentence.
#[derive(Debug)]
pub(crate) struct Said(String);

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
}
