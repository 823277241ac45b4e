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
    /// Further certificates, each with its key, such as one of RSA beside one of ECDSA.
    pub(crate) more: Vec<(Setting<PathBuf>, Option<Setting<PathBuf>>)>,
    /// Files of CAs whose clients are accepted.
    pub(crate) client_ca: Vec<Setting<PathBuf>>,
    /// A directory of such, which is not looked into.
    pub(crate) has_client_ca_directory: bool,
    pub(crate) verify: Setting<Verify>,
    pub(crate) depth: Option<Setting<u32>>,
    pub(crate) crl: Option<Setting<PathBuf>>,
    /// Whether the CRL is looked at; Apache has to be told.
    pub(crate) is_crl_checked: bool,
    /// Where Apache is told.
    pub(crate) crl_check: Option<Setting<()>>,
    /// Where a part of the server, such as a `<Location>`, asks for a certificate by itself.
    pub(crate) asks_later: Option<Line>,
    /// Words that have certificates accepted although they cannot be verified, each with its line.
    pub(crate) ignores: Vec<(Line, String)>,
    /// Where certificates that have expired are accepted.
    pub(crate) accepts_expired: Option<Line>,
    /// The file of the CAs whose names clients are sent, where it is not the one of those that are accepted.
    pub(crate) hints: Option<Setting<PathBuf>>,
    /// Where nginx has CAs that it trusts, and none whose names it sends.
    pub(crate) unnamed: Option<Line>,
    /// By which sessions are resumed, with the value that ends it.
    pub(crate) resumption: Vec<Setting<&'static str>>,
    /// The highest version of TLS that is spoken, where one is set by itself.
    pub(crate) highest: Option<Setting<String>>,
    /// The cipher suites of TLS 1.2, as they are written, with `:` between them.
    pub(crate) ciphers: Option<Setting<String>>,
    /// Where the directory of `has_client_ca_directory` is one that OpenSSL looks into.
    pub(crate) client_ca_directory: Option<Setting<PathBuf>>,
    /// What a client's certificate has to have besides, of which one is enough.
    pub(crate) matchers: Vec<Matchers>,
    /// Whether the key comes from elsewhere than a file.
    pub(crate) has_key_provider: bool,
    /// Whether the certificate does: by a variable, from an engine, or from the text itself.
    pub(crate) has_certificate_provider: bool,
    /// Whether requests are compared with whether a certificate was presented, as one that is optional needs.
    pub(crate) compares: bool,
    /// Whether it has a server to ask for the addresses of responders, as nginx needs.
    pub(crate) has_resolver: bool,
    /// Whether it staples OCSP responses, as far as its configuration says so.
    pub(crate) has_staple: bool,
    /// A directory of CRLs that OpenSSL looks into.
    pub(crate) crl_directory: Option<Setting<PathBuf>>,
    /// Where CRLs are demanded, and none is named.
    pub(crate) wants_crl: Option<Line>,
    /// Files of certificates that are sent behind the first, where they are named apart.
    pub(crate) chain: Option<Setting<PathBuf>>,
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

/// What a client's certificate is compared with; one that fits is enough.
#[derive(Clone, Debug)]
pub(crate) struct Matchers {
    pub(crate) at: Line,
    /// As the configuration calls them.
    pub(crate) name: &'static str,
    pub(crate) all: Vec<Matcher>,
}

/// One of them.
#[derive(Clone, Debug)]
pub(crate) enum Matcher {
    /// The certificate's SHA-256 in hexadecimal digits, without separators.
    Fingerprint(String),
    /// An alternative name of a kind (`DNS`, `URI`, `EMAIL`, `IP_ADDRESS`), compared like `is`.
    Name { kind: String, is: Comparison },
    /// The SHA-256 of the public key, in base64.
    Spki(String),
}

/// A connection to a backend, on which a server is the client.
#[derive(Clone, Debug, Default)]
pub(crate) struct Backend {
    pub(crate) certificate: Option<Setting<PathBuf>>,
    /// `None` where it is in the file of the certificate.
    pub(crate) key: Option<Setting<PathBuf>>,
    /// Whom it trusts.
    pub(crate) trusted: Option<Setting<PathBuf>>,
    /// Where it is said that the backend is not verified: the words, and what to write instead.
    pub(crate) unverified: Option<(Line, &'static str, &'static str)>,
    /// Where it is said that the backend is verified, although nobody is named who is trusted, and the directive for that.
    pub(crate) trusts_nobody: Option<(Line, &'static str)>,
}

/// How a text is compared.
#[derive(Clone, Debug)]
pub(crate) enum Comparison {
    Contains(String),
    Exact(String),
    Prefix(String),
    Suffix(String),
    /// A regular expression, or what is not known here: it may fit.
    Unknown,
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
    pub(crate) const fn name(self) -> &'static str {
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

    /// The directive that says which versions of TLS are spoken, where it is one with a list of them.
    pub(crate) fn protocols(self) -> Option<(&'static str, &'static str)> {
        let written = match self {
            Self::Apache => APACHE_VERSIONS,
            Self::Nginx => NGINX_VERSIONS.trim_end_matches(';'),
            _ => return None,
        };
        written.split_once(' ')
    }

    /// How many intermediates between leaf and root a depth of `depth` allows. Apache counts the root, too.
    pub(crate) fn intermediates(self, depth: u32) -> u32 {
        match self {
            Self::Apache => depth.saturating_sub(1),
            _ => depth,
        }
    }

    /// What asks clients for a certificate, as it is written.
    pub(crate) const fn required(self) -> &'static str {
        match self {
            Self::Apache => "SSLVerifyClient require",
            Self::Caddy => "mode require_and_verify",
            Self::Envoy => "require_client_certificate: true",
            Self::HaProxy => "verify required",
            Self::Nginx => "ssl_verify_client on;",
        }
    }
}

/// What has Apache speak TLS 1.2 and 1.3 and nothing else, as it is written.
pub(crate) const APACHE_VERSIONS: &str = "SSLProtocol -all +TLSv1.2 +TLSv1.3";

/// The same for nginx.
pub(crate) const NGINX_VERSIONS: &str = "ssl_protocols TLSv1.2 TLSv1.3;";

impl ServerSettings {
    /// Nothing is set.
    pub(crate) fn new(server: Server, at: &Line) -> Self {
        Self {
            server,
            at: at.clone(),
            certificate: None,
            key: None,
            more: Vec::new(),
            client_ca: Vec::new(),
            has_client_ca_directory: false,
            verify: Setting::unwritten(at, "", Verify::Off),
            depth: None,
            crl: None,
            is_crl_checked: true,
            crl_check: None,
            asks_later: None,
            ignores: Vec::new(),
            accepts_expired: None,
            hints: None,
            unnamed: None,
            resumption: Vec::new(),
            highest: None,
            ciphers: None,
            client_ca_directory: None,
            matchers: Vec::new(),
            has_key_provider: false,
            has_certificate_provider: false,
            compares: false,
            has_resolver: false,
            has_staple: false,
            crl_directory: None,
            wants_crl: None,
            chain: None,
            names: Vec::new(),
            plain: None,
            has_password: false,
            versions: Vec::new(),
            versions_at: None,
        }
    }
}

impl<T> Setting<T> {
    pub(crate) fn at(at: &Line, name: &'static str, value: T) -> Self {
        Self {
            value,
            at: at.clone(),
            name,
            is_written: true,
        }
    }

    pub(crate) fn of(directive: &Directive, name: &'static str, value: T) -> Self {
        Self::at(&directive.at, name, value)
    }

    /// The server's default, and where the directive would stand.
    pub(crate) fn unwritten(at: &Line, name: &'static str, value: T) -> Self {
        Self {
            is_written: false,
            ..Self::at(at, name, value)
        }
    }
}

/// Where a path may begin that a configuration has, unless its server says otherwise: where the server is started, in the
/// directory of the file, and in the one above that.
pub(crate) fn bases(file: &Path) -> [PathBuf; 3] {
    let beside = file.parent().unwrap_or(Path::new("")).to_owned();
    let above = beside.join("..");
    [PathBuf::new(), beside, above]
}

/// A path of a configuration: below the first of these directories where it exists, or else below the first.
pub(crate) fn resolve(path: &str, bases: &[impl AsRef<Path>]) -> PathBuf {
    let below = |base: &_| normal(&AsRef::<Path>::as_ref(base).join(path));
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
