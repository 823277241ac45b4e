//! Requests of JSON to an enrolment server.

use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::error::EnrollError;
use crate::connect::connector::Connector;
use crate::failure::error::Error;

/// A server, and the connector for it.
#[derive(Debug)]
pub(super) struct Channel<'a> {
    pub(super) connector: &'a Connector,
    /// `https://HOST:PORT`
    pub(super) base: &'a str,
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

/// RFC 9457.
#[derive(Deserialize)]
struct Problem {
    #[serde(rename = "type")]
    kind: String,
    detail: String,
}

impl Channel<'_> {
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<String>,
    ) -> Result<Answer, EnrollError> {
        let url = format!("{}{path}", self.base);
        let mut request = Request::builder().method(method).uri(&url);
        if let Some(token) = token {
            let value = Zeroizing::new(format!("Bearer {token}"));
            let value = HeaderValue::try_from(value.as_str());
            let mut value = value.map_err(|error| EnrollError::Request(error.into()))?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let request = request.body(Full::<Bytes>::from(body.unwrap_or_default()));
        let request = request.map_err(|_| EnrollError::Url(url))?;
        // A client for each request: no connection outlives what it has presented.
        let client = Client::builder(TokioExecutor::new()).build(self.connector.clone());
        let answer = async {
            let response = client.request(request).await;
            let response =
                response.map_err(|error| EnrollError::Connect(Error::classify(&error)))?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, MAX_BODY).collect().await;
            let body = body.map_err(|error| EnrollError::Answer(error.to_string()))?;
            Ok(Answer {
                status: head.status,
                headers: head.headers,
                body: body.to_bytes(),
            })
        };
        match timeout(PATIENCE, answer).await {
            Ok(answer) => answer,
            Err(_) => Err(EnrollError::Connect(Error::timeout())),
        }
    }
}

impl Answer {
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, EnrollError> {
        serde_json::from_slice(&self.body).map_err(|error| EnrollError::Answer(error.to_string()))
    }

    /// Until it is worth asking again: 1 s to an hour, 10 s if the server does not say.
    pub(super) fn retry_after(&self) -> Duration {
        let value = self.headers.get(RETRY_AFTER);
        let seconds = value.and_then(|value| value.to_str().ok()?.parse().ok());
        Duration::from_secs(seconds.unwrap_or(10).clamp(1, 3600))
    }

    /// Why the server has refused.
    pub(super) fn refusal(&self) -> EnrollError {
        let status = self.status.as_u16();
        match self.json::<Problem>() {
            Ok(problem) => EnrollError::Refused {
                status,
                kind: printable(&problem.kind),
                detail: printable(&problem.detail),
            },
            Err(_) => EnrollError::Answer(format!("status {status}")),
        }
    }
}

/// It is shown on a terminal, and written into logs.
fn printable(text: &str) -> String {
    let printable = |found: char| if found.is_control() { ' ' } else { found };
    text.chars().take(1000).map(printable).collect()
}

const MAX_BODY: usize = 1 << 20;
const PATIENCE: Duration = Duration::from_secs(60);
