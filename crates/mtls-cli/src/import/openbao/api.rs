//! Requests to OpenBao and Vault.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use pki_core::Password;
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Response, StatusCode, Url};
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use x509_identity::Certificate;

use super::error::{ApiError, Said};

/// A server, and the token with which it is asked. Nothing is ever written.
///
/// Redirects are not followed: the token is for this server alone.
pub(crate) struct Api {
    base: Url,
    client: reqwest::Client,
    /// With the token, which is marked as sensitive.
    headers: HeaderMap,
}

impl Api {
    /// The server at `url`. With `roots`, these alone are trusted.
    ///
    /// # Errors
    ///
    /// [`ApiError::Url`] if it is none, [`ApiError::InTheClear`] for plain HTTP to another machine.
    pub(crate) fn new(
        url: &str,
        token: &Password,
        namespace: Option<&str>,
        roots: Option<&[Certificate]>,
    ) -> Result<Self, ApiError> {
        let base: Url = url.parse().map_err(|_| ApiError::Url)?;
        let is_bare = base.path() == "/"
            && base.query().is_none()
            && base.fragment().is_none()
            && base.username().is_empty()
            && base.password().is_none();
        let Some(host) = base.host_str().filter(|_| is_bare) else {
            return Err(ApiError::Url);
        };
        match base.scheme() {
            "https" => {}
            "http" if is_this_machine(host) => {}
            "http" => {
                let host = host.to_owned();
                return Err(ApiError::InTheClear { host });
            }
            _ => return Err(ApiError::Url),
        }
        let roots = match roots {
            Some(roots) => trusted(roots)?,
            None if base.scheme() == "https" => system_roots()?,
            None => RootCertStore::empty(),
        };
        let mut headers = HeaderMap::new();
        // Vault asks for this one of every client, against requests that a server was tricked into.
        headers.insert("x-vault-request", HeaderValue::from_static("true"));
        headers.insert("x-vault-token", header("the token", token.secret_str())?);
        if let Some(namespace) = namespace {
            headers.insert("x-vault-namespace", header("the namespace", namespace)?);
        }
        Ok(Self {
            base,
            client: client(roots)?,
            headers,
        })
    }

    /// The `data` of what is at `/v1/PATH`; `None` if there is nothing.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Option<T>, ApiError> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| ApiError::Url)?
            .pop_if_empty()
            .push("v1")
            .extend(path.split('/'));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let request = self.client.get(url).headers(self.headers.clone());
        let response = request.send().await.map_err(|error| self.failed(error))?;
        let status = response.status();
        if status.is_redirection() {
            return Err(redirect(path, &response));
        }
        let body = self.body(path, response).await?;
        match status {
            StatusCode::OK => {}
            // A list without entries, too.
            StatusCode::NOT_FOUND => return Ok(None),
            StatusCode::FORBIDDEN => {
                let path = path.to_owned();
                return Err(ApiError::Denied { path });
            }
            _ => {
                return Err(ApiError::Status {
                    path: path.to_owned(),
                    status,
                    said: Said::of(&body),
                });
            }
        }
        let read = serde_json::from_slice::<Envelope<T>>(&body);
        let envelope = read.map_err(|source| ApiError::Response {
            path: path.to_owned(),
            source: source.into(),
        })?;
        Ok(Some(envelope.data))
    }

    async fn body(&self, path: &str, mut response: Response) -> Result<Vec<u8>, ApiError> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.failed(error))? {
            if body.len() + chunk.len() > MAX_LEN {
                return Err(ApiError::TooLong {
                    path: path.to_owned(),
                    limit: MAX_LEN,
                });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn failed(&self, error: reqwest::Error) -> ApiError {
        ApiError::Request {
            host: self.base.host_str().unwrap_or_default().to_owned(),
            source: error.without_url().into(),
        }
    }
}

/// Without headers, of which one is the token.
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

/// Whether what is sent there does not leave this machine.
fn is_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    match address.parse::<std::net::IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host == "localhost",
    }
}

fn client(roots: RootCertStore) -> Result<reqwest::Client, ApiError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| ApiError::SetUp(error.into()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(Policy::none())
        // A proxy of the environment would see the token of a server on this machine.
        .no_proxy()
        .timeout(LIMIT)
        .user_agent(concat!("mtls/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| ApiError::SetUp(error.into()))
}

fn trusted(certificates: &[Certificate]) -> Result<RootCertStore, ApiError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        let added = roots.add(certificate.der().to_vec().into());
        added.map_err(|error| ApiError::SetUp(error.into()))?;
    }
    Ok(roots)
}

fn system_roots() -> Result<RootCertStore, ApiError> {
    let mut roots = RootCertStore::empty();
    // Those that cannot be read are left out, as by every other program.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    match roots.is_empty() {
        true => Err(ApiError::NoRoots),
        false => Ok(roots),
    }
}

/// For one request; the list of a Vault that knows no pages takes a while.
const LIMIT: Duration = Duration::from_secs(60);

/// Bytes of a response: a million serial numbers, or a CRL of as many.
const MAX_LEN: usize = 128 << 20;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn api(url: &str) -> Result<Api, ApiError> {
        Api::new(url, &Password::new("s.secret"), None, Some(&[]))
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
        assert!(!format!("{api:?} {:?}", api.headers).contains("secret"));
        let bad = Api::new("https://a.example", &Password::new("a\nb"), None, Some(&[]));
        assert!(matches!(bad, Err(ApiError::Header { .. })));
    }
}
