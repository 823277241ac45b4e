//! What is examined, and how.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use pkcs12_ios::Reader;
use pki_core::verify::Purpose;
use time::OffsetDateTime;
use tls_identity::Password;
use x509_identity::pattern::is_host_name;

/// Something to examine.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Target {
    /// A file. What is in it is recognised by its content, whatever it is given as.
    File {
        /// Where it is.
        path: PathBuf,
        /// What it is meant to be.
        role: Role,
    },
    /// A server: `https://HOST`, with a port or 443.
    Url(String),
}

/// What a file is meant to be.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Role {
    /// Whatever is in it.
    #[default]
    Any,
    /// CA certificates: the roots that one side trusts.
    Ca,
    /// A certificate with its chain, leaf first.
    Certificate,
    /// A CRL.
    Crl,
    /// A private key.
    Key,
    /// A PKCS#12 bundle.
    P12,
}

/// How targets are examined.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// When it is.
    pub now: OffsetDateTime,
    /// The password of bundles and keys.
    pub password: Option<Password>,
    /// The file that the password came from, for the commands of findings.
    pub password_file: Option<PathBuf>,
    /// What the certificate is presented for. What it says itself, by default.
    pub purpose: Option<Purpose>,
    /// Who has to read the bundles. Systems of today, by default.
    pub readers: Vec<Reader>,
    /// The host name or IP address that a server's certificate has to be for. For a URL, it is the URL's by default.
    pub host: Option<String>,
    /// How long each connection to a server may take: 10 s by default.
    pub timeout: Duration,
}

impl Target {
    /// A URL where it starts like one, or is a host with its port and no file, and otherwise a path.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let is_url = ["https://", "http://"].iter().any(|scheme| {
            let start = text.get(..scheme.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        });
        if is_url {
            return Self::Url(text.to_owned());
        }
        // `example.org:8443`, where no file is called so.
        if is_host_and_port(text) && !Path::new(text).exists() {
            return Self::Url(format!("https://{text}"));
        }
        Self::file(text, Role::Any)
    }

    /// A file, and what it is meant to be.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>, role: Role) -> Self {
        Self::File {
            path: path.into(),
            role,
        }
    }
}

/// A host name or address, a colon, and a port; a path may follow.
fn is_host_and_port(text: &str) -> bool {
    let authority = text
        .split_once('/')
        .map_or(text, |(authority, _)| authority);
    let Some((host, port)) = authority.rsplit_once(':') else {
        return false;
    };
    let inner = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let is_host = match inner {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => is_host_name(host) || host.parse::<Ipv4Addr>().is_ok(),
    };
    is_host && port.parse::<u16>().is_ok()
}

impl Options {
    /// Without a password and a host.
    #[must_use]
    pub fn new(now: OffsetDateTime) -> Self {
        Self {
            now,
            password: None,
            password_file: None,
            purpose: None,
            readers: Vec::new(),
            host: None,
            timeout: Duration::from_secs(10),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_with_its_port_is_a_server() {
        for (text, url) in [
            ("https://a.example", Some("https://a.example")),
            ("HTTP://a.example", Some("HTTP://a.example")),
            ("a.example:8443", Some("https://a.example:8443")),
            ("localhost:8443/api", Some("https://localhost:8443/api")),
            ("127.0.0.1:443", Some("https://127.0.0.1:443")),
            ("[::1]:443", Some("https://[::1]:443")),
            ("client.crt", None),
            ("a.example", None),
            ("C:/client.crt", None),
            ("dir/a:1", None),
            ("a.example:99999", None),
        ] {
            let found = match Target::parse(text) {
                Target::Url(url) => Some(url),
                Target::File { .. } => None,
            };
            assert_eq!(found.as_deref(), url, "{text}");
        }
    }
}
