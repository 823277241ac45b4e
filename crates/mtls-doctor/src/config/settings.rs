//! What a server's configuration says about TLS, whichever server it is of.

use std::path::{Path, PathBuf};

use super::read::directive::{Directive, Line};

/// One virtual host or listener.
#[derive(Clone, Debug)]
pub(crate) struct ServerSettings {
    pub(crate) server: Server,
    /// Where its block begins.
    pub(crate) at: Line,
    pub(crate) certificate: Option<Setting<PathBuf>>,
    /// `None` where it is in the file of the certificate.
    pub(crate) key: Option<Setting<PathBuf>>,
    /// Files of CAs whose clients are accepted.
    pub(crate) client_ca: Vec<Setting<PathBuf>>,
    /// A directory of such, which is not looked into.
    pub(crate) has_client_ca_directory: bool,
    pub(crate) verify: Setting<Verify>,
    pub(crate) depth: Option<Setting<u32>>,
    pub(crate) crl: Option<Setting<PathBuf>>,
    /// Whether the CRL is looked at; Apache has to be told.
    pub(crate) is_crl_checked: bool,
    /// The names that clients dial, where the configuration says them.
    pub(crate) names: Vec<String>,
    /// The directive without the word that switches TLS on.
    pub(crate) plain: Option<Line>,
    /// Whether it knows the password of its key.
    pub(crate) has_password: bool,
    /// The versions of TLS that are spoken, as they are written; empty for the server's default.
    pub(crate) versions: Vec<String>,
    pub(crate) versions_at: Option<Line>,
}

/// What is set, and where.
#[derive(Clone, Debug)]
pub(crate) struct Setting<T> {
    pub(crate) value: T,
    pub(crate) at: Line,
    /// The directive, as its server calls it.
    pub(crate) name: &'static str,
    /// Whether it stands there, and is not the server's default.
    pub(crate) is_written: bool,
}

/// Whether clients have to present a certificate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Verify {
    /// None is requested.
    Off,
    /// One is requested, and none is accepted, too.
    Optional,
    /// One is requested, and whatever is presented is accepted.
    Unchecked,
    /// One is required.
    Required,
}

/// Which server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Server {
    Apache,
    Caddy,
    Envoy,
    HaProxy,
    Nginx,
}

impl Server {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Apache => "Apache",
            Self::Caddy => "Caddy",
            Self::Envoy => "Envoy",
            Self::HaProxy => "HAProxy",
            Self::Nginx => "nginx",
        }
    }

    /// Whether a chain has to end in a root that it trusts: OpenSSL's rule, unless it is told otherwise.
    pub(crate) fn needs_root(self) -> bool {
        matches!(self, Self::Apache | Self::HaProxy | Self::Nginx)
    }

    /// How many intermediates between leaf and root a depth of `depth` allows. Apache counts the root, too.
    pub(crate) fn intermediates(self, depth: u32) -> u32 {
        match self {
            Self::Apache => depth.saturating_sub(1),
            _ => depth,
        }
    }

    /// What asks clients for a certificate, as it is written.
    pub(crate) fn required(self) -> &'static str {
        match self {
            Self::Apache => "SSLVerifyClient require",
            Self::Caddy => "mode require_and_verify",
            Self::Envoy => "require_client_certificate: true",
            Self::HaProxy => "verify required",
            Self::Nginx => "ssl_verify_client on;",
        }
    }
}

impl ServerSettings {
    /// Nothing is set.
    pub(crate) fn new(server: Server, at: &Line) -> Self {
        Self {
            server,
            at: at.clone(),
            certificate: None,
            key: None,
            client_ca: Vec::new(),
            has_client_ca_directory: false,
            verify: Setting {
                value: Verify::Off,
                at: at.clone(),
                name: "",
                is_written: false,
            },
            depth: None,
            crl: None,
            is_crl_checked: true,
            names: Vec::new(),
            plain: None,
            has_password: false,
            versions: Vec::new(),
            versions_at: None,
        }
    }
}

impl<T> Setting<T> {
    pub(crate) fn of(directive: &Directive, name: &'static str, value: T) -> Self {
        Self {
            value,
            at: directive.at.clone(),
            name,
            is_written: true,
        }
    }
}

/// A path of a configuration: below the first of these directories where it exists, or else below the first.
pub(crate) fn resolve(path: &str, bases: &[&Path]) -> PathBuf {
    let below = |base: &&Path| normal(&base.join(path));
    let existing = bases.iter().map(below).find(|path| path.exists());
    existing
        .or_else(|| bases.first().map(below))
        .unwrap_or_else(|| PathBuf::from(path))
}

/// Without `x/..`, where `x` is a plain name.
fn normal(path: &Path) -> PathBuf {
    let mut parts: Vec<std::path::Component<'_>> = Vec::new();
    for part in path.components() {
        match (part, parts.last()) {
            (std::path::Component::ParentDir, Some(std::path::Component::Normal(_))) => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.iter().collect()
}
