//! Decisions of an Open Policy Agent, asked over HTTP.

use std::time::Duration;

use axum::{
    body::Bytes,
    http::{HeaderMap, HeaderValue, Method, header},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    authorize::authorizer::{AuthorizationDecision, AuthorizationRequest, Authorizer},
    observe::text::Hex,
    sources::plain_http::{Bounds, HttpError, HttpUrl, exchange},
};

/// An [`Authorizer`] for [`Authorize`](crate::authorize::Authorize) that asks an [Open Policy
/// Agent](https://www.openpolicyagent.org/docs/rest-api#get-a-document-with-input) about each
/// request. It needs the feature `opa`.
///
/// The agent is asked over plain HTTP, so it should run on the same host. Its input is
/// `{"method", "path": [segments], "host", "client": {"subject", "issuer", "common_name", "serial", "sans":
/// [{"kind", "value"}], "spki_sha256", "fingerprint_sha256"}}`; names are RFC 4514, and headers are
/// not part of it. The result is a boolean, or an object with the boolean `allow` and optionally the
/// text `rule`, which audit events name. A document that is not defined denies.
///
/// ```no_run
/// use axum::{Router, routing::get};
/// use mtls_server::authorize::{Authorize, OpaAuthorizer};
///
/// # fn router() -> Result<Router, mtls_server::plain_http::HttpUrlError> {
/// let opa = OpaAuthorizer::new("http://127.0.0.1:8181/v1/data/http/authz".parse()?);
/// let router = Router::new().route("/orders", get(async || "orders")).layer(Authorize::new(opa));
/// # Ok(router)
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct OpaAuthorizer {
    document: HttpUrl,
}

impl OpaAuthorizer {
    /// Asks for the document at this URL of the agent's data API, `/v1/data/...`.
    pub fn new(document: HttpUrl) -> Self {
        Self { document }
    }
}

/// Why the agent did not decide. The request is answered 503.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpaError {
    /// The response is not a decision.
    #[error("the response of the policy agent is not a decision")]
    Response(#[source] serde_json::Error),

    /// It could not be asked, or refused the request.
    #[error("the policy agent could not be asked")]
    Exchange(#[source] HttpError),
}

/// A response of the data API.
#[derive(Deserialize)]
struct Document {
    result: Option<Decision>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Decision {
    Plain(bool),
    Named { allow: bool, rule: Option<String> },
}

impl Authorizer for OpaAuthorizer {
    type Error = OpaError;

    async fn authorize(
        &self,
        request: AuthorizationRequest<'_>,
    ) -> Result<AuthorizationDecision, OpaError> {
        let body = Bytes::from(json!({ "input": input(&request) }).to_string());
        let json = HeaderValue::from_static("application/json");
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, json)]);
        let asked = exchange(&self.document, Method::POST, headers, body, BOUNDS).await;
        let response = asked.map_err(OpaError::Exchange)?;
        let document = serde_json::from_slice(response.body()).map_err(OpaError::Response)?;
        Ok(match document {
            Document { result: None } => AuthorizationDecision::Deny {
                rule: "opa: not defined".into(),
            },
            Document {
                result: Some(decision),
            } => decision.into(),
        })
    }
}

/// [`Authorize`](crate::authorize::Authorize) has a timeout of its own, which is shorter by default.
const BOUNDS: Bounds = Bounds {
    time: Duration::from_secs(10),
    bytes: 64 << 10,
};

impl From<Decision> for AuthorizationDecision {
    fn from(decision: Decision) -> Self {
        let (allow, rule) = match decision {
            Decision::Plain(allow) => (allow, None),
            Decision::Named { allow, rule } => (allow, rule),
        };
        let rule = rule.map_or("opa".into(), Into::into);
        match allow {
            true => Self::Allow { rule },
            false => Self::Deny { rule },
        }
    }
}

fn input(request: &AuthorizationRequest<'_>) -> Value {
    let (client, parts) = (request.client, request.parts);
    let sans = client.sans().iter();
    let sans = sans.map(|name| json!({"kind": name.kind(), "value": name.to_string()}));
    let host = parts.headers.get(header::HOST);
    let host = host.and_then(|host| host.to_str().ok());
    // As it came: what is percent-encoded stays so, since a policy that decodes must do it once.
    let path = parts.uri.path().split('/').skip(1);
    json!({
        "method": parts.method.as_str(),
        "path": path.collect::<Vec<_>>(),
        "host": parts.uri.host().or(host),
        "client": {
            "subject": client.subject().to_string(),
            "issuer": client.issuer().to_string(),
            "common_name": client.common_name(),
            "serial": client.serial().to_string(),
            "sans": sans.collect::<Vec<_>>(),
            "spki_sha256": Hex(client.spki_sha256()).to_string(),
            "fingerprint_sha256": Hex(client.fingerprint_sha256()).to_string(),
        },
    })
}
