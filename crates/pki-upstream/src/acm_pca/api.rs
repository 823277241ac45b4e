//! Requests to AWS Private CA: JSON 1.1, signed by Signature Version 4.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Response, StatusCode, Url};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use x509_identity::Certificate;

use super::arn::CaArn;
use super::credentials::{AccessKeys, CredentialSource, Provider};
use super::error::{ApiError, Code, Said};
use crate::client::{base_url, client, read_body};

/// An endpoint of AWS Private CA, and the keys with which it is asked.
///
/// Redirects are not followed, and no proxy is used.
#[derive(Clone)]
pub struct Api {
    base: Url,
    region: String,
    client: reqwest::Client,
    credentials: Arc<Provider>,
}

impl Api {
    /// The endpoint for this CA: that of its region, or the one at `endpoint`, such as that of a VPC. With `roots`, these
    /// alone are trusted.
    ///
    /// # Errors
    ///
    /// [`ApiError::Url`] if it is none, or AWS has none that is known here; [`ApiError::InTheClear`] for plain HTTP to
    /// another machine.
    pub fn new(
        ca: &CaArn,
        endpoint: Option<&str>,
        credentials: CredentialSource,
        roots: Option<&[Certificate]>,
    ) -> Result<Self, ApiError> {
        let known = ca.endpoint();
        let endpoint = endpoint.or(known.as_deref()).ok_or(ApiError::Url)?;
        let base = base_url(endpoint)?;
        let client = client(&base, roots)?;
        Ok(Self {
            base,
            region: ca.region().to_owned(),
            credentials: Arc::new(Provider::new(credentials, client.clone())),
            client,
        })
    }

    /// The answer to `body`, which is the input of this action.
    ///
    /// # Errors
    ///
    /// [`ApiError`] for every answer but 200, and for none.
    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        action: &'static str,
        body: &(impl Serialize + ?Sized),
    ) -> Result<T, ApiError> {
        let body = serde_json::to_vec(body).map_err(|error| ApiError::SetUp(error.into()))?;
        let now = SystemTime::now();
        let keys = self.credentials.keys(now).await;
        let keys = keys.map_err(ApiError::Credentials)?;
        let target = format!("ACMPrivateCA.{action}");
        let headers = [
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", &target),
        ];
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            all.insert(name, value.parse().map_err(set_up)?);
        }
        self.sign(&headers, &body, &keys, now, &mut all)?;
        let request = self.client.post(self.base.clone());
        let request = request.headers(all).body(body).timeout(LIMIT);
        let response = request.send().await.map_err(|error| self.failed(error))?;
        self.read(action, response).await
    }

    fn sign(
        &self,
        headers: &[(&str, &str)],
        body: &[u8],
        keys: &AccessKeys,
        now: SystemTime,
        all: &mut HeaderMap,
    ) -> Result<(), ApiError> {
        let token = keys.session_token.as_ref();
        let identity = Credentials::new(
            &keys.id,
            keys.secret.secret_str(),
            token.map(|token| token.secret_str().to_owned()),
            None,
            "mtls",
        );
        let identity = identity.into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("acm-pca")
            .time(now)
            .settings(SigningSettings::default())
            .build()
            .map_err(set_up)?
            .into();
        let (url, body) = (self.base.as_str(), SignableBody::Bytes(body));
        let request = SignableRequest::new("POST", url, headers.iter().copied(), body);
        let signed = sign(request.map_err(set_up)?, &parameters).map_err(set_up)?;
        let (instructions, _) = signed.into_parts();
        for (name, value) in instructions.headers() {
            let mut value = HeaderValue::from_str(value).map_err(set_up)?;
            value.set_sensitive(true);
            let name = reqwest::header::HeaderName::from_bytes(name.as_bytes());
            all.insert(name.map_err(set_up)?, value);
        }
        Ok(())
    }

    async fn read<T: DeserializeOwned>(
        &self,
        action: &'static str,
        response: Response,
    ) -> Result<T, ApiError> {
        let status = response.status();
        let code = response.headers().get("x-amzn-errortype").cloned();
        let wrong = |source: Box<dyn std::error::Error + Send + Sync>| ApiError::Response {
            action,
            source,
        };
        let body = read_body(response, MAX_LEN).await;
        let body = body.map_err(|error| wrong(error.into()))?;
        if status == StatusCode::OK {
            return serde_json::from_slice(&body).map_err(|error| wrong(error.into()));
        }
        Err(exception(action, status, code.as_ref(), &body))
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

/// Without the keys.
impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api")
            .field("base", &self.base.as_str())
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

/// How errors are told: their name is in a header, in the body, or in both.
#[derive(Default, Deserialize)]
struct Told {
    #[serde(rename = "__type", alias = "code", default)]
    code: String,
    #[serde(alias = "Message", default)]
    message: Option<String>,
}

fn exception(
    action: &'static str,
    status: StatusCode,
    header: Option<&HeaderValue>,
    body: &[u8],
) -> ApiError {
    let told = serde_json::from_slice::<Told>(body).unwrap_or_default();
    let header = header.and_then(|it| it.to_str().ok()).map(Code::read);
    let code = header.filter(|code| !code.is_empty());
    ApiError::Exception {
        action,
        status,
        code: code.unwrap_or_else(|| Code::read(&told.code)),
        said: Said::of(told.message.as_deref().unwrap_or_default()),
    }
}

fn set_up(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> ApiError {
    ApiError::SetUp(error.into())
}

/// For one of up to four requests: all of them together take less than a reservation in a store counts.
const LIMIT: Duration = Duration::from_secs(5);

/// Bytes of a response: a certificate and its chain.
const MAX_LEN: usize = 1 << 20;
