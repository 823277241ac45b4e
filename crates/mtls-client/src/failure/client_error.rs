//! What an HTTP client's own error says of itself, for the clients that are compiled in.

use std::error::Error as StdError;

use http::StatusCode;
use hyper_util::client::legacy;

/// What an error of a client is about, if that client says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "reqwest"),
    allow(dead_code, reason = "reqwest says the rest")
)]
pub(crate) enum ClientError {
    Body,
    Connect,
    PlainHttp,
    Redirect,
    Request,
    Status(StatusCode),
    Timeout,
}

impl ClientError {
    pub(crate) fn of(error: &(dyn StdError + 'static)) -> Option<Self> {
        if is_url_error(error) {
            return Some(Self::Request);
        }
        #[cfg(feature = "reqwest")]
        if let Some(error) = error.downcast_ref() {
            return Self::of_reqwest(error);
        }
        None
    }

    #[cfg(feature = "reqwest")]
    fn of_reqwest(error: &reqwest::Error) -> Option<Self> {
        if error.is_timeout() {
            Some(Self::Timeout)
        } else if error.is_connect() {
            Some(Self::Connect)
        } else if error.is_redirect() {
            Some(Self::Redirect)
        } else if error.is_builder() {
            let plain = error.url().is_some_and(|url| url.scheme() == "http");
            Some(if plain {
                Self::PlainHttp
            } else {
                Self::Request
            })
        } else if error.is_decode() {
            Some(Self::Body)
        } else {
            error.status().map(Self::Status)
        }
    }
}

/// Errors of the crate `http`, and hyper-util's about a URL without scheme or host, which it tells by its text alone.
fn is_url_error(error: &(dyn StdError + 'static)) -> bool {
    error.is::<http::Error>()
        || error.is::<http::uri::InvalidUri>()
        || error.is::<http::uri::InvalidUriParts>()
        || error.downcast_ref::<legacy::Error>().is_some_and(|error| {
            let said = error.to_string();
            [
                "UserAbsoluteUriRequired",
                "UserUnsupportedRequestMethod",
                "UserUnsupportedVersion",
            ]
            .iter()
            .any(|what| said.contains(what))
        })
}
