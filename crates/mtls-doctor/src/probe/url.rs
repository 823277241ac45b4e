//! `https://HOST[:PORT][/PATH]`.

use std::fmt;
use std::str::FromStr;

use http::Uri;
use rustls::pki_types::ServerName;

/// Where a server is, and what is asked of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerUrl {
    host: String,
    port: u16,
    target: String,
    tls: bool,
    name: ServerName<'static>,
}

/// Why a text is not the URL of a server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ServerUrlError {
    /// The host cannot be asked for.
    #[error("`{0}` is not a host name or IP address")]
    Host(String),

    /// It is not a URL at all.
    #[error("`{text}` is not a URL")]
    Malformed {
        /// The text.
        text: String,
        /// What is wrong with it.
        source: http::uri::InvalidUri,
    },

    /// The port is not a number of 16 bits.
    #[error("`{0}` is not a port")]
    Port(String),

    /// Another scheme, or none.
    #[error("`{0}` does not begin with https://")]
    Scheme(String),

    /// A user or password in the URL.
    #[error("a URL with a user or password is not used")]
    Userinfo,
}

impl FromStr for ServerUrl {
    type Err = ServerUrlError;

    fn from_str(text: &str) -> Result<Self, ServerUrlError> {
        let uri = Uri::try_from(text).map_err(|source| ServerUrlError::Malformed {
            text: text.to_owned(),
            source,
        })?;
        let tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(ServerUrlError::Scheme(text.to_owned())),
        };
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        if authority.contains('@') {
            return Err(ServerUrlError::Userinfo);
        }
        let host = uri.host().unwrap_or_default();
        let literal = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        let host = literal.unwrap_or(host).to_owned();
        let name = server_name(&host)?;
        let port = match (uri.port_u16(), port_text(authority)) {
            (Some(port), _) => port,
            (None, Some(text)) => return Err(ServerUrlError::Port(text.to_owned())),
            (None, None) if tls => 443,
            (None, None) => 80,
        };
        let target = uri.path_and_query().map_or("/", |target| target.as_str());
        Ok(Self {
            host,
            port,
            target: if target.is_empty() { "/" } else { target }.to_owned(),
            tls,
            name,
        })
    }
}

impl ServerUrl {
    /// The host that is connected to, without the brackets of an IPv6 address.
    #[must_use]
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// The port; 443 where the URL has none, and 80 for `http://`.
    #[must_use]
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Whether the URL begins with `https://`.
    #[must_use]
    pub(crate) fn is_https(&self) -> bool {
        self.tls
    }

    /// The name that is asked for, and that the server's certificate has to be for.
    #[must_use]
    pub(crate) fn name(&self) -> &ServerName<'static> {
        &self.name
    }

    /// Path and query.
    pub(crate) fn target(&self) -> &str {
        &self.target
    }

    /// The same server, asked for by another name than the one that it is connected to by.
    ///
    /// # Errors
    ///
    /// [`ServerUrlError::Host`].
    pub(crate) fn asked_for(mut self, name: &str) -> Result<Self, ServerUrlError> {
        self.name = server_name(name)?;
        Ok(self)
    }

    /// The header `Host`: the name that is asked for, and the port unless it is the usual one.
    pub(super) fn authority(&self) -> String {
        let host = self.name.to_str();
        let host = if host.contains(':') {
            format!("[{host}]")
        } else {
            host.into_owned()
        };
        match self.port {
            443 if self.tls => host,
            80 if !self.tls => host,
            port => format!("{host}:{port}"),
        }
    }

    /// The request, for the name that is asked for.
    pub(super) fn request(&self) -> String {
        let (target, authority) = (&self.target, self.authority());
        format!(
            "GET {target} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: {AGENT}\r\nAccept: */*\r\nConnection: \
             close\r\n\r\n"
        )
    }
}

/// `https://HOST:PORT`, the port always written.
impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        if self.host.contains(':') {
            write!(f, "{scheme}://[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{scheme}://{}:{}", self.host, self.port)
        }
    }
}

/// What stands behind the colon, if anything does.
fn port_text(authority: &str) -> Option<&str> {
    let (_, port) = authority.rsplit_once(':')?;
    (!port.is_empty() && !port.ends_with(']')).then_some(port)
}

fn server_name(host: &str) -> Result<ServerName<'static>, ServerUrlError> {
    ServerName::try_from(host.to_owned()).map_err(|_| ServerUrlError::Host(host.to_owned()))
}

pub(super) const AGENT: &str = concat!("mtls-doctor/", env!("CARGO_PKG_VERSION"));

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_url_has_a_host_a_port_and_a_target() {
        for (text, host, port, target, shown) in [
            (
                "https://a.example",
                "a.example",
                443,
                "/",
                "https://a.example:443",
            ),
            (
                "https://a.example:8443/x?y",
                "a.example",
                8443,
                "/x?y",
                "https://a.example:8443",
            ),
            (
                "https://127.0.0.1:1/",
                "127.0.0.1",
                1,
                "/",
                "https://127.0.0.1:1",
            ),
            ("https://[::1]:8443", "::1", 8443, "/", "https://[::1]:8443"),
            (
                "http://a.example",
                "a.example",
                80,
                "/",
                "http://a.example:80",
            ),
        ] {
            let url: ServerUrl = text.parse().unwrap();
            assert_eq!(
                (url.host(), url.port(), url.target.as_str()),
                (host, port, target),
                "{text}"
            );
            assert_eq!(url.to_string(), shown);
            assert!(
                url.request()
                    .starts_with(&format!("GET {target} HTTP/1.1\r\nHost: "))
            );
        }
    }

    #[test]
    fn what_is_not_a_url_of_a_server_is_refused() {
        for text in [
            "",
            "a.example",
            "ftp://a.example",
            "https://",
            "https://a b",
            "https://a:65536",
            "https://user:secret@a.example",
            "https://a.example/\r\nX: y",
            "https://-.example",
        ] {
            assert!(text.parse::<ServerUrl>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_server_is_asked_for_by_another_name() {
        let url: ServerUrl = "https://127.0.0.1:8443".parse().unwrap();
        let url = url.asked_for("api.example.local").unwrap();
        assert!(url.request().contains("Host: api.example.local:8443\r\n"));
        assert_eq!(url.host(), "127.0.0.1");
        assert!(url.asked_for("not a name").is_err());
    }
}
