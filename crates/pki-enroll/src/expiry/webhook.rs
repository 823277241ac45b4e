//! A URL that is told.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use reqwest::{StatusCode, Url};
use rustls::{ClientConfig, RootCertStore};

use super::notice::Expiring;

/// An `http` or `https` URL to which each notice is posted as JSON.
///
/// It has 10 s, redirects are not followed, and any status from 200 to 299 means that it was told. Servers are verified
/// with the roots that the operating system trusts. The URL may hold a secret, and so is never printed but for its
/// host.
#[derive(Clone)]
pub struct Webhook {
    url: Url,
    client: reqwest::Client,
}

/// Why a URL was not told, or cannot be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// The machine trusts nobody, so no server can be verified.
    #[error("the operating system has no roots that it trusts, and the webhook is an https URL")]
    NoRoots,

    /// No connection, no response in time, or none that is HTTP.
    #[error("the webhook at {host} did not respond")]
    Request {
        /// The host.
        host: String,
        /// What happened.
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// TLS or HTTP cannot be set up.
    #[error("the client for the webhook could not be set up")]
    SetUp(#[source] Box<dyn std::error::Error + Send + Sync>),

    /// It did not accept.
    #[error("the webhook at {host} responds with {status}")]
    Status {
        /// The host.
        host: String,
        /// The status.
        status: StatusCode,
    },

    /// Not an `http` or `https` URL.
    #[error("a webhook is an http:// or https:// URL with a host")]
    Url,
}

impl Webhook {
    /// The webhook at `url`.
    ///
    /// # Errors
    ///
    /// [`WebhookError::Url`] for what is not an `http` or `https` URL, [`WebhookError::NoRoots`] where an `https` server
    /// could not be verified.
    pub fn new(url: &str) -> Result<Self, WebhookError> {
        let url: Url = url.parse().map_err(|_| WebhookError::Url)?;
        if !url.has_host() {
            return Err(WebhookError::Url);
        }
        let roots = match url.scheme() {
            "http" => RootCertStore::empty(),
            "https" => system_roots()?,
            _ => return Err(WebhookError::Url),
        };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| WebhookError::SetUp(error.into()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(Policy::none())
            .timeout(LIMIT)
            .user_agent(concat!("mtls/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| WebhookError::SetUp(error.into()))?;
        Ok(Self { url, client })
    }

    pub(super) fn secret_url(&self) -> &str {
        self.url.as_str()
    }

    fn host(&self) -> String {
        self.url.host_str().unwrap_or_default().to_owned()
    }

    pub(super) async fn tell(&self, notice: &Expiring) -> Result<(), WebhookError> {
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| WebhookError::Request {
            host: self.host(),
            source,
        };
        let body = serde_json::to_vec(notice).map_err(|error| failed(error.into()))?;
        let request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .body(body);
        let response = request.send().await;
        // The error would say the whole URL.
        let status = response
            .map_err(|error| failed(error.without_url().into()))?
            .status();
        match status.is_success() {
            true => Ok(()),
            false => Err(WebhookError::Status {
                host: self.host(),
                status,
            }),
        }
    }
}

fn system_roots() -> Result<RootCertStore, WebhookError> {
    let mut roots = RootCertStore::empty();
    // Those that cannot be read are left out, as by every other program.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    match roots.is_empty() {
        true => Err(WebhookError::NoRoots),
        false => Ok(roots),
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook")
            .field("host", &self.host())
            .finish_non_exhaustive()
    }
}

const LIMIT: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use axum::Json;
    use axum::http::StatusCode;
    use axum::routing::post;
    use serde_json::Value;
    use time::macros::datetime;
    use tokio::sync::mpsc;

    use super::*;
    use crate::expiry::notice::ExpiringKind;

    #[tokio::test]
    async fn a_notice_is_posted_and_only_success_counts() {
        let (sender, mut told) = mpsc::unbounded_channel();
        let router = axum::Router::new()
            .route(
                "/ok/secret",
                post(async move |Json(notice): Json<Value>| {
                    sender.send(notice).expect("a receiver");
                }),
            )
            .route("/no/secret", post(async || StatusCode::FORBIDDEN))
            .route(
                "/elsewhere/secret",
                post(async || (StatusCode::TEMPORARY_REDIRECT, [("location", "/ok/secret")])),
            );
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move { axum::serve(listener, router).await });

        let (begin, end) = (
            datetime!(2026-01-01 0:00 UTC),
            datetime!(2026-12-01 0:00 UTC),
        );
        let notice = Expiring::new(ExpiringKind::Ca, "ca", "CN=x".into(), (begin, end), begin);
        let tell = async |path: &str| {
            let webhook = Webhook::new(&format!("http://{address}{path}")).expect("a URL");
            assert!(!format!("{webhook:?}").contains("secret"));
            webhook.tell(&notice).await
        };
        tell("/ok/secret").await.expect("success");
        let json = serde_json::to_value(&notice).expect("JSON");
        assert_eq!(told.recv().await, Some(json));
        for (path, status) in [("/no/secret", 403), ("/elsewhere/secret", 307)] {
            let error = tell(path).await.expect_err("a failure");
            assert!(!error.to_string().contains("secret"));
            assert!(
                matches!(error, WebhookError::Status { status: found, .. } if found == status),
                "{error:?}"
            );
        }
        let closed = Webhook::new("http://127.0.0.1:1/secret").expect("a URL");
        let error = closed.tell(&notice).await.expect_err("a failure");
        let text = format!("{error} {:?}", std::error::Error::source(&error));
        assert!(matches!(error, WebhookError::Request { .. }));
        assert!(!text.contains("secret"), "{text}");
    }

    #[test]
    fn only_http_urls_are_webhooks() {
        for url in [
            "",
            "hooks.example.org/x",
            "ftp://a.example/",
            "file:///etc/passwd",
        ] {
            assert!(
                matches!(Webhook::new(url), Err(WebhookError::Url)),
                "{url:?}"
            );
        }
    }
}
