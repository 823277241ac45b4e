//! From roots and an identity to a connector.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use pki_core::verify::{Revocation, TrustAnchors};
use rustls::crypto::aws_lc_rs::{self, kx_group};
use rustls::pki_types::{InvalidDnsNameError, ServerName};
use rustls::time_provider::{DefaultTimeProvider, TimeProvider};

use crate::config::active::{ActiveConfiguration, FixedSettings, Settings};
use crate::config::rustls_config;
use crate::connect::connector::{Connector, Inner, PlainHttp};
use crate::handshake::sessions::Resumption;
use crate::identities::Identities;
use crate::trust::pin_policy::PinPolicy;

/// The settings of a [`Connector`], each with its default.
#[derive(Debug)]
pub struct ConnectorBuilder {
    roots: TrustAnchors,
    identities: Identities,
    pins: Option<PinPolicy>,
    revocation: Option<Revocation>,
    name: Option<String>,
    alpn: Vec<Vec<u8>>,
    versions: TlsVersions,
    resumption: Resumption,
    clock: Arc<dyn TimeProvider>,
    timeout: Duration,
    max_age: Option<Duration>,
    resolve: HashMap<(String, u16), IpAddr>,
    plain_http: PlainHttp,
}

/// Which TLS versions are offered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsVersions {
    /// 1.3 and 1.2.
    #[default]
    Both,
    /// 1.2 alone.
    Only12,
    /// 1.3 alone.
    Only13,
}

impl Connector {
    /// A connector that presents `identity` (or one of several [`Identities`]) and accepts servers whose chains end
    /// in one of `roots`.
    #[must_use]
    pub fn builder(roots: TrustAnchors, identity: impl Into<Identities>) -> ConnectorBuilder {
        ConnectorBuilder {
            roots,
            identities: identity.into(),
            pins: None,
            revocation: None,
            name: None,
            alpn: vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            versions: TlsVersions::default(),
            resumption: Resumption::default(),
            clock: Arc::new(DefaultTimeProvider),
            timeout: DEFAULT_TIMEOUT,
            max_age: None,
            resolve: HashMap::new(),
            plain_http: PlainHttp::Refused,
        }
    }
}

impl ConnectorBuilder {
    /// Accepts only servers whose verified path has one of these keys. A [`PinSet`](crate::PinSet) is for all hosts, a
    /// [`PinPolicy`] has one for each. Default: any key.
    #[must_use]
    pub fn pins(mut self, pins: impl Into<PinPolicy>) -> Self {
        self.pins = Some(pins.into());
        self
    }

    /// Checks the server's chain against CRLs. Default: no revocation check.
    #[must_use]
    pub fn revocation(mut self, revocation: Revocation) -> Self {
        self.revocation = Some(revocation);
        self
    }

    /// Sends and checks this name or address instead of the URL's host.
    ///
    /// Through `Connector::reqwest` it is checked, while the name sent (SNI) stays the URL's.
    #[must_use]
    pub fn server_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The application protocols to offer, the preferred one first. Default: `h2`, `http/1.1`.
    #[must_use]
    pub fn alpn(mut self, protocols: &[&[u8]]) -> Self {
        self.alpn = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        self
    }

    /// The TLS versions to offer. Default: 1.3 and 1.2.
    #[must_use]
    pub fn tls_versions(mut self, versions: TlsVersions) -> Self {
        self.versions = versions;
        self
    }

    /// Whether TLS sessions are resumed. Default: [`Resumption::Off`].
    #[must_use]
    pub fn resumption(mut self, resumption: Resumption) -> Self {
        self.resumption = resumption;
        self
    }

    /// How old the connections of a [`rotating`](Connector::rotating) client get. Default: any age.
    ///
    /// An older connection gets no more requests. Those in flight finish. The age counts from the moment when the
    /// client of the connection was made, and all connections of that client are dropped together. HTTP clients that do
    /// not rotate keep their connections for as long as they like.
    #[must_use]
    pub fn max_connection_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// The clock by which certificates, CRLs and sessions are judged. Default: the system's.
    #[must_use]
    pub fn time_provider(mut self, clock: Arc<dyn TimeProvider>) -> Self {
        self.clock = clock;
        self
    }

    /// How long a connection may take from the first packet to the end of the handshake. Default: 10 s.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Dials `address` for `host` and `port`, without asking the resolver, as curl's `--resolve` does.
    ///
    /// The name that is sent and checked stays `host`.
    #[must_use]
    pub fn resolve(mut self, host: &str, port: u16, address: IpAddr) -> Self {
        self.resolve
            .insert((host.to_ascii_lowercase(), port), address);
        self
    }

    /// Also connects to `http://` URLs, where no certificate is presented and no server is verified.
    #[must_use]
    pub fn allow_plain_http(mut self) -> Self {
        self.plain_http = PlainHttp::Allowed;
        self
    }

    /// Checks the settings as a whole.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] says which one is invalid.
    pub fn build(self) -> Result<Connector, ConfigError> {
        let name = match self.name {
            Some(name) => Some(
                ServerName::try_from(name.clone())
                    .map_err(|source| ConfigError::ServerName { name, source })?,
            ),
            None => None,
        };
        if self
            .alpn
            .iter()
            .any(|protocol| protocol.is_empty() || protocol.len() > 255)
        {
            return Err(ConfigError::Alpn);
        }
        let mut provider = aws_lc_rs::default_provider();
        // A share of the hybrid goes out with the first message, so that a server which knows it takes it
        // without another round trip. rustls sends one of X25519 with it.
        provider.kx_groups = vec![
            kx_group::X25519MLKEM768,
            kx_group::X25519,
            kx_group::SECP256R1,
            kx_group::SECP384R1,
        ];
        let versions: &[&rustls::SupportedProtocolVersion] = match self.versions {
            TlsVersions::Both => rustls::ALL_VERSIONS,
            TlsVersions::Only12 => &[&rustls::version::TLS12],
            TlsVersions::Only13 => &[&rustls::version::TLS13],
        };
        let fixed = FixedSettings {
            name: name.clone(),
            provider: Arc::new(provider),
            resumption: self.resumption,
        };
        let settings = Settings {
            identities: Arc::new(self.identities),
            pins: self.pins.map(Arc::new),
            roots: self.roots,
            revocation: self.revocation,
        };
        let active = Arc::new(ActiveConfiguration::new(fixed, settings));
        let mut config =
            rustls_config::shared(&active, versions, self.clock).map_err(ConfigError::Tls)?;
        config.alpn_protocols = self.alpn;
        Ok(Connector::new(Inner {
            config: Arc::new(config),
            active,
            name,
            resolve: self.resolve,
            timeout: self.timeout,
            max_age: self.max_age,
            plain_http: self.plain_http,
        }))
    }
}

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// Settings that are invalid, or do not fit together.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// An application protocol is empty or longer than 255 bytes.
    #[error("an application protocol has 1 to 255 bytes")]
    Alpn,

    /// The server's name is neither a DNS name nor an IP address.
    #[error("{name:?} is neither a DNS name nor an IP address")]
    ServerName {
        /// What was given.
        name: String,
        /// What is wrong with it.
        #[source]
        source: InvalidDnsNameError,
    },

    /// rustls refused the TLS versions.
    #[error("the TLS settings do not fit together")]
    Tls(#[source] rustls::Error),
}
