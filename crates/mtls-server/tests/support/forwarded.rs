//! What a server behind a proxy answers, and how the proxy asks.

use axum::Json;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use mtls_server::{
    Rule,
    proxy::{ForwardedClientCert, ForwardedFormat, TrustForwarded},
};
use serde_json::{Value, json};

use super::pki::Leaf;

pub async fn whoami(client: ForwardedClientCert) -> Json<Value> {
    Json(json!({
        "subject": client.subject().to_string(),
        "issuer": client.issuer().to_string(),
        "serial": client.serial().to_string(),
        "sans": client.sans().len(),
        "not_after": client.not_after().unix_timestamp(),
        "der": STANDARD.encode(client.der()),
        "chain": client.chain().iter().map(|c| c.subject().to_string()).collect::<Vec<_>>(),
        "via": client.via().subject().to_string(),
    }))
}

pub async fn perhaps(client: Option<ForwardedClientCert>) -> String {
    client.map_or("nobody".to_owned(), |it| it.subject().to_string())
}

pub fn trust() -> TrustForwarded {
    TrustForwarded::new(Rule::common_name("edge"), ForwardedFormat::rfc9440())
}

pub fn field(leaf: &Leaf) -> String {
    format!(":{}:", STANDARD.encode(leaf.der()))
}
