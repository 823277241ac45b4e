//! From roots and an identity to connections.

use std::collections::HashMap;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use pki_core::verify::{ChainVerifier, Purpose, Revocation, TrustAnchors};
use rustls::ClientConfig;
use rustls::client::{Resumption, Tls12Resumption};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{InvalidDnsNameError, ServerName};
use tokio_rustls::TlsConnector;
use tower_service::Service;

use crate::attempt::{AlwaysShow, Attempt, NoSessions};
use crate::current::{Current, Generation};
use crate::error::{Error, ErrorKind, Source};
use crate::identities::Identities;
use crate::pin_policy::PinPolicy;
use crate::stream::TlsStream;
use crate::verifier::ServerVerifier;

/// Makes TLS connections that show a certificate, to servers that lead to the given roots.
///
/// A tower `Service<Uri>` for hyper-util's client and for tonic, and the source of a rustls
/// configuration and of a reqwest client. Cheap to clone.
///
/// Identity and pins can be replaced while it is in use. Each handshake goes by those of its moment;
/// HTTP clients keep connections that were made before, unless they are [`rotating`](Self::rotating).
///
/// TLS sessions are never resumed: resuming would skip the server's verification, and with it a
/// revocation or a change of pins since the first handshake.
#[derive(Clone, Debug)]
pub struct Connector(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: Arc<ClientConfig>,
    current: Arc<Current>,
    name: Option<ServerName<'static>>,
    resolve: HashMap<(String, u16), IpAddr>,
    timeout: Duration,
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlainHttp {
    Allowed,
    Refused,
}

impl Connector {
    /// A connector that shows `identity` (or one of several [`Identities`]) and accepts servers that
    /// lead to one of `roots`.
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
            timeout: DEFAULT_TIMEOUT,
            resolve: HashMap::new(),
            plain_http: PlainHttp::Refused,
        }
    }

    /// The rustls configuration, for any other TLS stream.
    ///
    /// It verifies, pins and shows the certificate as the connector does, and follows its
    /// [`set_identity`](Self::set_identity) and [`set_pins`](Self::set_pins).
    /// [`Error::classify`] explains its errors, though without knowing whether the server had asked
    /// for our certificate.
    #[must_use]
    pub fn rustls_config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.0.config)
    }

    /// Connects to the host and port of `uri` (443 if it has none).
    ///
    /// # Errors
    ///
    /// [`Error`]; a server that refuses our certificate in TLS 1.3 says so only later, at the first
    /// read or write.
    pub async fn connect(&self, uri: &Uri) -> Result<TlsStream, Error> {
        tokio::time::timeout(self.0.timeout, self.0.open(uri))
            .await
            .unwrap_or_else(|_elapsed| Err(Error::timeout()))
    }

    /// Shows `identity` from the next handshake on, in place of all that was shown before.
    ///
    /// Connections that stand are left alone, so no request fails of it. Those of a
    /// [`rotating`](Self::rotating) client get no more requests. [`watch`](Self::watch) does it for
    /// files.
    pub fn set_identity(&self, identity: impl Into<Identities>) {
        self.0.current.set_identities(identity.into());
    }

    /// Holds servers to `pins` from the next handshake on, in place of all pins before.
    ///
    /// Connections that stand are left alone. Those of a [`rotating`](Self::rotating) client get no
    /// more requests.
    pub fn set_pins(&self, pins: impl Into<PinPolicy>) {
        self.0.current.set_pins(pins.into());
    }

    pub(crate) fn current(&self) -> &Arc<Current> {
        &self.0.current
    }

    pub(crate) fn timeout(&self) -> Duration {
        self.0.timeout
    }

    pub(crate) fn plain_http(&self) -> PlainHttp {
        self.0.plain_http
    }

    pub(crate) fn resolve(&self) -> &HashMap<(String, u16), IpAddr> {
        &self.0.resolve
    }
}

impl Inner {
    async fn open(&self, uri: &Uri) -> Result<TlsStream, Error> {
        let plain = match uri.scheme_str() {
            Some("http") if self.plain_http == PlainHttp::Refused => {
                return Err(Error::plain_http());
            }
            Some("http") => true,
            _ => false,
        };
        let host = uri
            .host()
            .ok_or_else(|| Error::new(ErrorKind::Connect, "the URL has no host"))?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = uri.port_u16().unwrap_or(if plain { 80 } else { 443 });
        let tcp = self.dial(host, port).await?;
        if plain {
            return Ok(TlsStream::plain(tcp));
        }
        let name = match &self.name {
            Some(name) => name.clone(),
            None => ServerName::try_from(host.to_owned()).map_err(|error| {
                Error::caused(ErrorKind::Connect, format!("{host} is no host name"), error)
            })?,
        };
        let handshake = TlsConnector::from(Arc::clone(&self.config)).connect(name, tcp);
        let (outcome, attempt) = Attempt::watch(handshake).await;
        match outcome {
            Ok(stream) => Ok(TlsStream::tls(stream, attempt.asked())),
            Err(error) => Err(attempt.explain(error)),
        }
    }

    async fn dial(&self, host: &str, port: u16) -> Result<tokio::net::TcpStream, Error> {
        let address = match self.resolve.get(&(host.to_ascii_lowercase(), port)) {
            Some(IpAddr::V6(address)) => format!("[{address}]"),
            Some(IpAddr::V4(address)) => address.to_string(),
            None if host.contains(':') => format!("[{host}]"),
            None => host.to_owned(),
        };
        let target = Uri::builder()
            .scheme("http")
            .authority(format!("{address}:{port}"))
            .path_and_query("/")
            .build()
            .map_err(|error| {
                Error::caused(ErrorKind::Connect, format!("{host} is no host name"), error)
            })?;
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        match tcp.call(target).await {
            Ok(stream) => Ok(stream.into_inner()),
            Err(error) => Err(Error::in_dialling(host, port, error)),
        }
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<TlsStream>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move { connector.connect(&uri).await.map(TokioIo::new) })
    }
}

impl Error {
    fn plain_http() -> Self {
        Self::new(
            ErrorKind::Protocol,
            "plain http:// shows no certificate and checks no server; use https://",
        )
    }

    fn in_dialling(host: &str, port: u16, error: impl Into<Source>) -> Self {
        let error = error.into();
        let found = Self::classify(error.as_ref());
        let kind = match found.kind() {
            ErrorKind::Timeout => ErrorKind::Timeout,
            _ => ErrorKind::Connect,
        };
        Self::caused(kind, format!("{host} port {port}: {found}"), error)
    }
}

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
    timeout: Duration,
    resolve: HashMap<(String, u16), IpAddr>,
    plain_http: PlainHttp,
}

impl ConnectorBuilder {
    /// Accepts only servers whose verified path holds one of these keys: a [`PinSet`](crate::PinSet)
    /// for all hosts, or a [`PinPolicy`] for each. Default: any.
    #[must_use]
    pub fn pins(mut self, pins: impl Into<PinPolicy>) -> Self {
        self.pins = Some(pins.into());
        self
    }

    /// Asks CRLs about the server's chain. Default: no revocation check.
    #[must_use]
    pub fn revocation(mut self, revocation: Revocation) -> Self {
        self.revocation = Some(revocation);
        self
    }

    /// Sends and checks this name or address instead of the URL's host.
    ///
    /// Through [`Connector::reqwest`] it is checked, while the name sent (SNI) stays the URL's.
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

    /// Also serves `http://` URLs, where no certificate is shown and no server is checked.
    #[must_use]
    pub fn allow_plain_http(mut self) -> Self {
        self.plain_http = PlainHttp::Allowed;
        self
    }

    /// Checks the settings as a whole.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] says which one cannot be.
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
        let provider = Arc::new(aws_lc_rs::default_provider());
        let versions: &[&rustls::SupportedProtocolVersion] = match self.versions {
            TlsVersions::Both => rustls::ALL_VERSIONS,
            TlsVersions::Only12 => &[&rustls::version::TLS12],
            TlsVersions::Only13 => &[&rustls::version::TLS13],
        };
        let mut chain = ChainVerifier::builder(self.roots, Purpose::TlsServer);
        if let Some(revocation) = self.revocation {
            chain = chain.revocation(revocation);
        }
        let current = Arc::new(Current::new(Generation {
            identities: Arc::new(self.identities),
            pins: self.pins.map(Arc::new),
        }));
        let verifier = ServerVerifier {
            chain: chain.build(),
            name: name.clone(),
            current: Arc::clone(&current),
            provider: Arc::clone(&provider),
        };
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .map_err(ConfigError::Tls)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_client_cert_resolver(Arc::new(AlwaysShow(Arc::clone(&current))));
        config.alpn_protocols = self.alpn;
        config.resumption =
            Resumption::store(Arc::new(NoSessions)).tls12_resumption(Tls12Resumption::Disabled);
        Ok(Connector(Arc::new(Inner {
            config: Arc::new(config),
            current,
            name,
            resolve: self.resolve,
            timeout: self.timeout,
            plain_http: self.plain_http,
        })))
    }
}

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// Settings that no connector can be made of.
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
