//! An HTTP client that shows a certificate and sends the headers it is told to.

use axum::http::{HeaderMap, StatusCode, header::CONTENT_TYPE};
use mtls_server::Serving;
use reqwest::Response;
use rustls::version::TLS13;

use super::{World, client, pki::Leaf};

/// Both protocols, by their ALPN names.
pub const PROTOCOLS: [&str; 2] = ["http/1.1", "h2"];

pub struct Client {
    http: reqwest::Client,
}

/// Status and body; whatever is no success says why as a problem.
pub type Answer = (StatusCode, String);

impl Client {
    pub fn new(world: &World, identity: Option<&Leaf>, protocol: &str) -> Self {
        let mut tls = client::config(world, identity, &TLS13);
        tls.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .no_proxy()
            .build()
            .unwrap();
        Self { http }
    }

    /// Without a body, as if it were of this type.
    pub async fn post(&self, server: &Serving, path: &str, content_type: &str) -> Response {
        let url = format!("https://{}{path}", server.local_addr());
        let request = self.http.post(url).header(CONTENT_TYPE, content_type);
        request.send().await.unwrap()
    }

    pub async fn get(&self, server: &Serving, path: &str, headers: HeaderMap) -> Answer {
        let url = format!("https://{}{path}", server.local_addr());
        let answer = self.http.get(url).headers(headers).send().await.unwrap();
        let status = answer.status();
        if status != StatusCode::OK {
            assert_eq!(answer.headers()[CONTENT_TYPE], "application/problem+json");
        }
        (status, answer.text().await.unwrap())
    }
}

pub fn headers<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> HeaderMap {
    let pair = |(name, value): (&str, &str)| (name.parse().unwrap(), value.parse().unwrap());
    // `append` by way of `extend` would replace; several of a name are the point here.
    let mut headers = HeaderMap::new();
    for (name, value) in pairs.into_iter().map(pair) {
        let _: bool = headers.append::<axum::http::HeaderName>(name, value);
    }
    headers
}

/// The type of a problem (RFC 9457).
pub fn problem(answer: &Answer) -> String {
    let body: serde_json::Value = serde_json::from_str(&answer.1).unwrap();
    assert_eq!(body["status"], answer.0.as_u16());
    body["type"].as_str().unwrap().to_owned()
}
