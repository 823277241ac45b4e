//! What is examined, and how.

use std::path::PathBuf;
use std::time::Duration;

use pkcs12_ios::Reader;
use pki_core::verify::Purpose;
use time::OffsetDateTime;
use tls_identity::Password;

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
    /// A URL where it starts like one, and otherwise a path.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let is_url = ["https://", "http://"].iter().any(|scheme| {
            let start = text.get(..scheme.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        });
        if is_url {
            return Self::Url(text.to_owned());
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
