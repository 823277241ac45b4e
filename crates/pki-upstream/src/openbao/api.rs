//! Requests to OpenBao and Vault.

use std::fmt;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{RequestBuilder, Response, StatusCode, Url};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use x509_identity::Certificate;

use super::error::{ApiError, Said};
use super::token::Token;
use crate::client::{BodyError, base_url, client, read_body};

/// A server, and the token with which it is asked.
///
/// Redirects are not followed, and no proxy is used: the token is for this server alone.
#[derive(Clone)]
pub struct Api {
    base: Url,
    client: reqwest::Client,
    token: Token,
    /// Those beside the token's.
    headers: HeaderMap,
    limit: Duration,
}

impl Api {
    /// The server at `url`. With `roots`, these alone are trusted.
    ///
    /// # Errors
    ///
    /// [`ApiError::Url`] if it is none, [`ApiError::InTheClear`] for plain HTTP to another machine.
    pub fn new(
        url: &str,
        token: Token,
        namespace: Option<&str>,
        roots: Option<&[Certificate]>,
    ) -> Result<Self, ApiError> {
        let base = base_url(url)?;
        let client = client(&base, roots)?;
        let mut headers = HeaderMap::new();
        // Vault asks for this one of every client, against requests that a server was tricked into.
        headers.insert("x-vault-request", HeaderValue::from_static("true"));
        if let Some(namespace) = namespace {
            headers.insert("x-vault-namespace", header("the namespace", namespace)?);
        }
        let api = Self {
            base,
            client,
            token,
            headers,
            limit: LIMIT,
        };
        // A file may come later.
        if let Token::Text(_) = &api.token {
            api.token_header()?;
        }
        Ok(api)
    }

    /// How long one request may take: a minute by default, as the list of a Vault that knows no pages takes a while.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// The server: `https://bao.example.org:8200`.
    #[must_use]
    pub fn server(&self) -> String {
        self.base.origin().ascii_serialization()
    }

    /// The `data` of what is at `/v1/PATH`; `None` if there is nothing.
    ///
    /// # Errors
    ///
    /// [`ApiError`] for every other answer, and for none.
    pub async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Option<T>, ApiError> {
        let mut url = self.url(path)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let (status, body) = self.send(self.client.get(url), path).await?;
        match status {
            StatusCode::OK => data(path, &body).map(Some),
            // A list without entries, too.
            StatusCode::NOT_FOUND => Ok(None),
            _ => Err(refused(path, "read or list", status, &body)),
        }
    }

    /// The `data` of the answer to `body` at `/v1/PATH`.
    ///
    /// # Errors
    ///
    /// [`ApiError`] for every answer but 200, and for none.
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &(impl Serialize + ?Sized),
    ) -> Result<T, ApiError> {
        let request = self.client.post(self.url(path)?).json(body);
        let (status, body) = self.send(request, path).await?;
        match status {
            StatusCode::OK => data(path, &body),
            _ => Err(refused(path, "update", status, &body)),
        }
    }

    fn url(&self, path: &str) -> Result<Url, ApiError> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| ApiError::Url)?
            .pop_if_empty()
            .push("v1")
            .extend(path.split('/'));
        Ok(url)
    }

    async fn send(
        &self,
        request: RequestBuilder,
        path: &str,
    ) -> Result<(StatusCode, Vec<u8>), ApiError> {
        let request = request
            .headers(self.headers.clone())
            .header("x-vault-token", self.token_header()?)
            .timeout(self.limit);
        let response = request.send().await.map_err(|error| self.failed(error))?;
        let status = response.status();
        if status.is_redirection() {
            return Err(redirect(path, &response));
        }
        Ok((status, self.body(path, response).await?))
    }

    /// Marked as sensitive.
    fn token_header(&self) -> Result<HeaderValue, ApiError> {
        header("the token", self.token.read()?.secret_str())
    }

    async fn body(&self, path: &str, response: Response) -> Result<Vec<u8>, ApiError> {
        let body = read_body(response, MAX_LEN).await;
        body.map_err(|error| match error {
            BodyError::BrokeOff(error) => self.failed(error),
            BodyError::TooLong(limit) => ApiError::TooLong {
                path: path.to_owned(),
                limit,
            },
        })
    }

    fn failed(&self, error: reqwest::Error) -> ApiError {
        let host = self.base.host_str().unwrap_or_default().to_owned();
        let unreached = error.is_connect();
        let source = error.without_url().into();
        match unreached {
            true => ApiError::Unreached { host, source },
            false => ApiError::Request { host, source },
        }
    }
}

/// Without the token.
impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api")
            .field("base", &self.base.as_str())
            .finish_non_exhaustive()
    }
}

/// What all responses are wrapped in.
#[derive(Deserialize)]
struct Envelope<T> {
    data: T,
}

fn data<T: DeserializeOwned>(path: &str, body: &[u8]) -> Result<T, ApiError> {
    let read = serde_json::from_slice::<Envelope<T>>(body);
    let envelope = read.map_err(|source| ApiError::Response {
        path: path.to_owned(),
        source: source.into(),
    })?;
    Ok(envelope.data)
}

fn refused(path: &str, capabilities: &'static str, status: StatusCode, body: &[u8]) -> ApiError {
    let (path, said) = (path.to_owned(), Said::of(body));
    match status {
        StatusCode::FORBIDDEN => ApiError::Denied {
            path,
            capabilities,
            said,
        },
        _ => ApiError::Status { path, status, said },
    }
}

/// The path of a mount, without slashes at its ends.
///
/// # Errors
///
/// [`ApiError::Mount`] if it is none.
pub fn mount_path(text: &str) -> Result<String, ApiError> {
    let name = text.trim_matches('/');
    let good = |segment: &str| !segment.is_empty() && segment != "." && segment != "..";
    match name.split('/').all(good) {
        true => Ok(name.to_owned()),
        false => Err(ApiError::Mount {
            path: text.to_owned(),
        }),
    }
}

fn redirect(path: &str, response: &Response) -> ApiError {
    let target = response.headers().get("location");
    let target = target.and_then(|target| Url::parse(target.to_str().ok()?).ok());
    let origin = target.map(|target| target.origin().ascii_serialization());
    ApiError::Redirect {
        path: path.to_owned(),
        target: origin.unwrap_or_else(|| "another path".to_owned()),
    }
}

fn header(what: &'static str, value: &str) -> Result<HeaderValue, ApiError> {
    let value = HeaderValue::from_str(value);
    let mut value = value.map_err(|_| ApiError::Header { text: what })?;
    value.set_sensitive(true);
    Ok(value)
}

/// For one request.
const LIMIT: Duration = Duration::from_secs(60);

/// Bytes of a response: a million serial numbers, or a CRL of as many.
const MAX_LEN: usize = 128 << 20;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use pki_core::Password;

    use super::*;

    fn token(text: &str) -> Token {
        Token::Text(Password::new(text))
    }

    fn api(url: &str) -> Result<Api, ApiError> {
        Api::new(url, token("s.secret"), None, Some(&[]))
    }

    #[test]
    fn a_token_goes_over_tls_or_stays_on_this_machine() {
        for (url, good) in [
            ("https://bao.example:8200", true),
            ("https://bao.example:8200/", true),
            ("http://127.0.0.1:8200", true),
            ("http://[::1]:8200", true),
            ("http://localhost:8200", true),
            ("http://bao.example:8200", false),
            ("http://127.0.0.1.example:8200", false),
            ("https://user:secret@bao.example", false),
            ("https://bao.example/v1/pki", false),
            ("https://bao.example/?a=b", false),
            ("ftp://bao.example", false),
            ("bao.example:8200", false),
            ("", false),
        ] {
            assert_eq!(api(url).is_ok(), good, "{url}");
        }
    }

    #[test]
    fn a_token_is_in_no_debug_output() {
        let api = api("https://bao.example").unwrap();
        let header = api.token_header().unwrap();
        assert!(!format!("{api:?} {header:?} {:?}", api.token).contains("secret"));
        let bad = Api::new("https://a.example", token("a\nb"), None, Some(&[]));
        assert!(matches!(bad, Err(ApiError::Header { .. })));
    }
}
