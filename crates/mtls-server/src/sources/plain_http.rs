//! One HTTP exchange with a server where a CA publishes, limited in time and size.
//!
//! CRLs are fetched over plain HTTP (RFC 5280 section 4.2.1.13), and so is OCSP: to verify a TLS server
//! one would first have to know whether its certificate is revoked. What is received is signed, and is
//! not trusted without its signature.

use std::{fmt, io, str::FromStr, time::Duration};

use axum::{
    body::Bytes,
    http::{
        HeaderMap, HeaderValue, Request, Response, StatusCode, Uri,
        header::{HOST, LOCATION, USER_AGENT},
        uri::Scheme,
    },
};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    body::{Body as _, Incoming},
    client::conn::http1,
};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, task::JoinSet, time::timeout};

/// An `http:` URL with a host, and without user or password.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HttpUrl(Uri);

/// Why CRLs and OCSP responses are not fetched from a URL.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpUrlError {
    /// It is not a URL.
    #[error("`{text}` is not a URL")]
    Malformed {
        /// The text.
        text: String,
        /// What is wrong with it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// It has a user or password, which plain HTTP would disclose.
    #[error("a URL with a user or password is not used")]
    Userinfo,

    /// It has another scheme, or none.
    #[error("`{text}` is not an http:// URL: CRLs and OCSP responses are fetched over plain http")]
    Scheme {
        /// The text.
        text: String,
    },
}

impl HttpUrl {
    fn host(&self) -> &str {
        let host = self.0.host().unwrap_or_default();
        let literal = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        literal.unwrap_or(host)
    }

    fn port(&self) -> u16 {
        self.0.port_u16().unwrap_or(80)
    }
}

impl FromStr for HttpUrl {
    type Err = HttpUrlError;

    fn from_str(text: &str) -> Result<Self, HttpUrlError> {
        let uri = Uri::try_from(text).map_err(|source| HttpUrlError::Malformed {
            text: text.to_owned(),
            source: Box::new(source),
        })?;
        if uri.scheme() != Some(&Scheme::HTTP) || uri.host().is_none_or(str::is_empty) {
            let text = text.to_owned();
            return Err(HttpUrlError::Scheme { text });
        }
        if uri
            .authority()
            .is_some_and(|authority| authority.as_str().contains('@'))
        {
            return Err(HttpUrlError::Userinfo);
        }
        Ok(Self(uri))
    }
}

impl fmt::Display for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The limits of one exchange.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// From the name lookup to the last byte.
    pub(crate) time: Duration,
    pub(crate) bytes: usize,
}

/// Why there is no response.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// There is no server.
    #[error("no connection")]
    Connect(#[source] io::Error),

    /// The response is not HTTP, or ended too early.
    #[error("the HTTP exchange failed")]
    Exchange(#[source] hyper::Error),

    /// The response is a redirect, which is not followed.
    #[error(
        "the response is a redirect ({status}) to {location}, which is not followed: name that URL"
    )]
    Redirect {
        /// 301, 302, 303, 307 or 308.
        status: u16,
        /// Where to.
        location: String,
    },

    /// The status is not 200.
    #[error("the response is {0}")]
    Status(StatusCode),

    /// It took too long.
    #[error("no complete response within {} s", .0.as_secs_f32())]
    Timeout(Duration),

    /// The response is too large.
    #[error("the response is larger than {limit} bytes")]
    TooLarge {
        /// The most that is read.
        limit: usize,
    },
}

/// Sends `body` to `url` on a connection of its own. The status of the response is 200 or 304.
pub(crate) async fn exchange(
    url: &HttpUrl,
    method: axum::http::Method,
    headers: HeaderMap,
    body: Bytes,
    bounds: Bounds,
) -> Result<Response<Vec<u8>>, HttpError> {
    let within = async {
        let stream = TcpStream::connect((url.host(), url.port())).await;
        let io = TokioIo::new(stream.map_err(HttpError::Connect)?);
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(MAX_BUFFER)
            .handshake(io)
            .await
            .map_err(HttpError::Exchange)?;
        // Ends with this future, whatever its result.
        let mut driver = JoinSet::new();
        driver.spawn(connection);

        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.headers_mut() = headers;
        let target = url.0.path_and_query().map_or("/", |target| target.as_str());
        // The parts of a URL that was parsed are fit for a header and a target.
        *request.uri_mut() = Uri::try_from(target).unwrap_or_default();
        let authority = url.0.authority().map_or("", |authority| authority.as_str());
        if let Ok(authority) = HeaderValue::from_str(authority) {
            request.headers_mut().insert(HOST, authority);
        }
        let agent = HeaderValue::from_static(concat!("mtls-server/", env!("CARGO_PKG_VERSION")));
        request.headers_mut().insert(USER_AGENT, agent);

        let response = sender.send_request(request).await;
        let (head, body) = response.map_err(HttpError::Exchange)?.into_parts();
        match head.status {
            StatusCode::OK | StatusCode::NOT_MODIFIED => {}
            status if status.is_redirection() => {
                let location = head.headers.get(LOCATION);
                let location = location.and_then(|location| location.to_str().ok());
                return Err(HttpError::Redirect {
                    status: status.as_u16(),
                    location: location.unwrap_or("nowhere").chars().take(200).collect(),
                });
            }
            status => return Err(HttpError::Status(status)),
        }
        let body = read(body, bounds.bytes).await?;
        Ok(Response::from_parts(head, body))
    };
    timeout(bounds.time, within)
        .await
        .unwrap_or(Err(HttpError::Timeout(bounds.time)))
}

async fn read(mut body: Incoming, limit: usize) -> Result<Vec<u8>, HttpError> {
    let announced = body.size_hint().lower();
    if announced > limit as u64 {
        return Err(HttpError::TooLarge { limit });
    }
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(HttpError::Exchange)?.into_data() else {
            continue;
        };
        if data.len() > limit - bytes.len() {
            return Err(HttpError::TooLarge { limit });
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

/// The limit on the header of a response, and on one read of its body.
const MAX_BUFFER: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_http_urls_with_a_host_are_asked() {
        for (text, host, port) in [
            ("http://ca.test/root.crl", "ca.test", 80),
            ("http://127.0.0.1:8080", "127.0.0.1", 8080),
            ("http://[::1]:8080/x?y=z", "::1", 8080),
        ] {
            let url = text.parse::<HttpUrl>().ok();
            let found = url.as_ref().map(|url| (url.host(), url.port()));
            assert_eq!(found, Some((host, port)), "{text}");
        }
        for text in [
            "",
            "ca.test/root.crl",
            "/root.crl",
            "https://ca.test/root.crl",
            "ldap://ca.test/cn=root",
            "file:///etc/passwd",
            "http://",
            "http:///root.crl",
            "http://user:secret@ca.test/",
            "http://ca test/",
            "http://ca.test/\r\nHost: other",
        ] {
            assert!(text.parse::<HttpUrl>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_time_is_told_in_seconds() {
        for (time, expected) in [
            (Duration::from_secs(10), "no complete response within 10 s"),
            (
                Duration::from_millis(1500),
                "no complete response within 1.5 s",
            ),
        ] {
            assert_eq!(HttpError::Timeout(time).to_string(), expected);
        }
    }
}
