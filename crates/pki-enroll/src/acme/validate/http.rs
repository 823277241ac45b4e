//! `http-01` (RFC 8555 section 8.3).

use axum::body::Body;
use axum::http::header::{CONNECTION, HOST, LOCATION, USER_AGENT};
use axum::http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;

use super::key_authorization::KeyAuthorization;
use super::target::connect;
use crate::acme::identifier::Identifier;
use crate::acme::problem::{Kind, Problem};
use crate::acme::settings::AcmeSettings;
use crate::text::sentence;

/// Whether the host has the key authorization under its token.
///
/// Redirects are followed where they stay with plain HTTP and this port. Each of them is resolved, and has to be allowed,
/// as the first address.
pub(super) async fn check(
    settings: &AcmeSettings,
    identifier: &Identifier,
    authorization: &KeyAuthorization,
) -> Result<(), Problem> {
    let token = authorization.token();
    let mut host = identifier.clone();
    let mut path = format!("/.well-known/acme-challenge/{token}");
    for _ in 0..=MAX_REDIRECTS {
        let response = get(settings, &host, &path).await?;
        let status = response.status();
        if status == StatusCode::OK {
            return compare(response, authorization).await;
        }
        if !status.is_redirection() {
            let detail = format!(
                "{path} of {} is answered by {status}",
                authority(settings, &host)
            );
            return Err(Problem::new(Kind::Unauthorized, detail));
        }
        let location = response.headers().get(LOCATION);
        let location = location.and_then(|it| it.to_str().ok()).unwrap_or_default();
        (host, path) = redirected(settings, host, location)?;
    }
    let detail = format!("more than {MAX_REDIRECTS} redirects");
    Err(Problem::new(Kind::Connection, detail))
}

async fn get(
    settings: &AcmeSettings,
    host: &Identifier,
    path: &str,
) -> Result<axum::http::Response<Incoming>, Problem> {
    let stream = connect(settings, host, settings.http_port).await?;
    let failed = |error: hyper::Error| Problem::new(Kind::Connection, sentence(&error));
    let mut builder = hyper::client::conn::http1::Builder::new();
    builder.max_buf_size(MAX_HEAD);
    let (mut sender, connection) = builder
        .handshake(TokioIo::new(stream))
        .await
        .map_err(failed)?;
    // It ends with the sender, or with the peer.
    let running = AbortOnDrop(tokio::spawn(async move {
        let _ = connection.await;
    }));
    let request = Request::get(path)
        .header(HOST, authority(settings, host))
        .header(USER_AGENT, concat!("mtls/", env!("CARGO_PKG_VERSION")))
        .header(CONNECTION, "close")
        .body(Body::empty());
    let request = request.map_err(|_| Problem::malformed("the URL cannot be requested"))?;
    let mut response = sender.send_request(request).await.map_err(failed)?;
    response
        .extensions_mut()
        .insert(std::sync::Arc::new(running));
    Ok(response)
}

/// A connection whose answer nobody reads any more is closed.
struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn compare(
    response: axum::http::Response<Incoming>,
    authorization: &KeyAuthorization,
) -> Result<(), Problem> {
    let (parts, body) = response.into_parts();
    let content = Limited::new(body, MAX_BODY).collect().await;
    drop(parts);
    let content = content.map_err(|error| {
        let detail = format!("the response cannot be read: {}", sentence(&*error));
        Problem::new(Kind::Connection, detail)
    })?;
    let content = content.to_bytes();
    match content.trim_ascii_end() == authorization.as_str().as_bytes() {
        true => Ok(()),
        false => Err(Problem::new(
            Kind::IncorrectResponse,
            "the response is not the key authorization of this challenge and account",
        )),
    }
}

/// Where a redirect leads, if it is followed.
fn redirected(
    settings: &AcmeSettings,
    host: Identifier,
    location: &str,
) -> Result<(Identifier, String), Problem> {
    let not_followed = || {
        Problem::new(
            Kind::Unauthorized,
            "a redirect is followed only to plain HTTP on the port of http-01",
        )
    };
    let uri: Uri = location.parse().map_err(|_| not_followed())?;
    let path = uri.path_and_query().map_or("/", |it| it.as_str());
    let path = path.to_owned();
    let Some(authority) = uri.authority() else {
        return match location.starts_with('/') {
            true => Ok((host, path)),
            false => Err(not_followed()),
        };
    };
    let port = authority.port_u16().unwrap_or(80);
    let plain = uri.scheme_str() == Some("http") && !authority.as_str().contains('@');
    let name = authority.host();
    let bare = name.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let identifier = match bare.unwrap_or(name).parse() {
        Ok(address) => Identifier::Ip(address),
        Err(_) => Identifier::read(&pki_store::AcmeIdentifier {
            kind: "dns".to_owned(),
            value: name.to_owned(),
        })
        .map_err(|_| not_followed())?,
    };
    match plain && port == settings.http_port {
        true => Ok((identifier, path)),
        false => Err(not_followed()),
    }
}

fn authority(settings: &AcmeSettings, host: &Identifier) -> String {
    let name = match host {
        Identifier::Dns(name) | Identifier::Device(name) => name.clone(),
        Identifier::Ip(std::net::IpAddr::V6(address)) => format!("[{address}]"),
        Identifier::Ip(address) => address.to_string(),
    };
    match settings.http_port {
        80 => name,
        port => format!("{name}:{port}"),
    }
}

const MAX_REDIRECTS: usize = 3;
/// A key authorization has 87 characters.
const MAX_BODY: usize = 1024;
const MAX_HEAD: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_redirect_stays_with_plain_http_and_the_port() {
        let settings = AcmeSettings {
            http_port: 5002,
            ..AcmeSettings::default()
        };
        let host = Identifier::Dns("a.example.org".into());
        for (location, to) in [
            ("/x?y", Some(("a.example.org", "/x?y"))),
            ("http://b.example.org:5002/x", Some(("b.example.org", "/x"))),
            ("http://10.0.0.1:5002/", Some(("10.0.0.1", "/"))),
            ("http://b.example.org/x", None),
            ("http://b.example.org:22/x", None),
            ("https://b.example.org:5002/x", None),
            ("http://user@b.example.org:5002/x", None),
            ("file:///etc/passwd", None),
            ("x", None),
            ("", None),
        ] {
            let found = redirected(&settings, host.clone(), location).ok();
            let to = to.map(|(name, path)| (name.to_owned(), path.to_owned()));
            assert_eq!(
                found.map(|(it, path)| (it.record().value, path)),
                to,
                "{location}"
            );
        }
    }
}
