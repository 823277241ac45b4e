//! From a host and a port to a connection.

use std::collections::HashMap;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use pki_core::verify::{Revocation, TrustAnchors};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;
use tower_service::Service;

use crate::config::active::ActiveConfiguration;
use crate::config::rustls_config;
use crate::connect::stream::TlsStream;
use crate::failure::error::{Error, ErrorKind, Source};
use crate::handshake::context::HandshakeContext;
use crate::handshake::sessions::HostAndPort;
use crate::identities::Identities;
use crate::trust::pin_policy::PinPolicy;

/// Makes TLS connections that present a certificate, to servers whose chains end in one of the given roots.
///
/// It is a tower `Service<Uri>` for hyper-util's client and for tonic, and gives a rustls configuration and a reqwest
/// client. Cheap to clone.
///
/// Identity, pins, roots and CRLs can be replaced while it is in use. Each handshake uses those that are active when it
/// begins. HTTP clients keep connections that were made before, unless they are [`rotating`](Self::rotating).
///
/// TLS sessions are not resumed unless that is [enabled](crate::ConnectorBuilder::resumption). TLS does not verify the
/// server when it resumes a session, so it would miss a revocation or a change of pins since the first handshake.
#[derive(Clone, Debug)]
pub struct Connector(Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) config: Arc<ClientConfig>,
    pub(crate) active: Arc<ActiveConfiguration>,
    pub(crate) name: Option<ServerName<'static>>,
    pub(crate) resolve: HashMap<HostAndPort, IpAddr>,
    pub(crate) timeout: Duration,
    pub(crate) max_age: Option<Duration>,
    pub(crate) plain_http: PlainHttp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlainHttp {
    Allowed,
    Refused,
}

impl Connector {
    /// The rustls configuration, for any other TLS stream.
    ///
    /// It verifies the server, checks the pins and presents the certificate as the connector does. It follows
    /// [`set_identity`](Self::set_identity) and the other replacements. It resumes no sessions. [`Error::classify`]
    /// explains its errors, but does not know whether the server had requested our certificate.
    #[must_use]
    pub fn rustls_config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.0.config)
    }

    /// Connects to the host and port of `uri` (443 if it has none), for any protocol over TLS:
    ///
    /// ```no_run
    /// # async fn run(connector: mtls_client::Connector) -> Result<(), Box<dyn std::error::Error>> {
    /// use tokio::io::AsyncWriteExt;
    ///
    /// let mut stream = connector.connect(&"https://lines.example:7000".parse()?).await?;
    /// stream.write_all(b"hello\n").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error`] says why there is no connection. In TLS 1.3 a server that refuses our certificate says so only later,
    /// at the first read or write.
    pub async fn connect(&self, uri: &Uri) -> Result<TlsStream, Error> {
        tokio::time::timeout(self.0.timeout, self.0.open(uri))
            .await
            .unwrap_or_else(|_elapsed| Err(Error::timeout()))
    }

    /// Presents `identity` from the next handshake on, in place of all identities before.
    ///
    /// Open connections are left alone, so no request fails because of it. Those of a
    /// [`rotating`](Self::rotating) client get no more requests. [`watch`](Self::watch) does it for files.
    pub fn set_identity(&self, identity: impl Into<Identities>) {
        self.0.active.set_identities(identity.into());
    }

    /// Holds servers to `pins` from the next handshake on, in place of all pins before.
    ///
    /// Open connections are left alone. Those of a [`rotating`](Self::rotating) client get no
    /// more requests.
    pub fn set_pins(&self, pins: impl Into<PinPolicy>) {
        self.0.active.set_pins(pins.into());
    }

    /// Accepts servers whose chains end in one of `roots`, from the next handshake on, in place of all roots before.
    ///
    /// Open connections are left alone. Those of a [`rotating`](Self::rotating) client get no
    /// more requests. [`watch_trust`](Self::watch_trust) does it for files.
    pub fn set_roots(&self, roots: TrustAnchors) {
        self.0.active.set_roots(roots);
    }

    /// Checks servers against the CRLs of `revocation` from the next handshake on, in place of all CRLs before.
    ///
    /// Open connections are left alone. Those of a [`rotating`](Self::rotating) client get no more requests.
    pub fn set_revocation(&self, revocation: Revocation) {
        self.0.active.set_revocation(revocation);
    }

    pub(crate) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    pub(crate) fn active(&self) -> &Arc<ActiveConfiguration> {
        &self.0.active
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
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
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(|| {
            let what = "the URL has no host; give the whole URL, such as https://localhost:8443/";
            Error::new(ErrorKind::InvalidRequest, what)
        })?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = port(uri)?.unwrap_or(if plain { 80 } else { 443 });
        if plain {
            return Ok(TlsStream::plain(self.dial(host, port).await?));
        }
        let name = match &self.name {
            Some(name) => name.clone(),
            None => ServerName::try_from(host.to_owned()).map_err(|error| {
                let what = format!("{host} is not a host name");
                Error::caused(ErrorKind::InvalidRequest, what, error)
            })?,
        };
        let tcp = self.dial(host, port).await?;
        let generation = self.active.generation();
        let server = (host.to_ascii_lowercase(), port);
        let context = Arc::new(HandshakeContext::new(Arc::clone(
            &self.config.time_provider,
        )));
        let config = rustls_config::of_connection(&self.config, &generation, &server, &context);
        let handshake = TlsConnector::from(Arc::new(config)).connect(name, tcp);
        match context.run(handshake).await {
            Ok(stream) => Ok(TlsStream::tls(stream, context.presented())),
            Err(error) => {
                generation.sessions.forget(&server);
                Err(context.explain(error))
            }
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
                Error::caused(
                    ErrorKind::InvalidRequest,
                    format!("{host} is not a host name"),
                    error,
                )
            })?;
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        match tcp.call(target).await {
            Ok(stream) => Ok(stream.into_inner()),
            Err(error) => Err(Error::in_dialling(host, port, error)),
        }
    }
}

/// The port of `uri`; `None` if it has none. One that is no port is an error: the default would be another server.
fn port(uri: &Uri) -> Result<Option<u16>, Error> {
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let host_and_port = authority.rsplit('@').next().unwrap_or_default();
    let behind_address = host_and_port.rsplit(']').next().unwrap_or_default();
    match (uri.port_u16(), behind_address.rsplit_once(':')) {
        (None, Some((_, written))) if !written.is_empty() => {
            let what = format!("{written} is not a port, which is a number up to 65535");
            Err(Error::new(ErrorKind::InvalidRequest, what))
        }
        (port, _) => Ok(port),
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
    pub(crate) fn plain_http() -> Self {
        Self::new(
            ErrorKind::InvalidRequest,
            "plain http:// presents no certificate and verifies no server; use https://",
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
