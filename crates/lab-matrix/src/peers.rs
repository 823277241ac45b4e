//! The real server and the real client of a case.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use axum_server::accept::Accept;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper_util::client::legacy::{Client, ResponseFuture};
use hyper_util::rt::TokioExecutor;
use mtls_client::{ClientIdentity, Connector, Password, PinSet, TlsVersions};
use mtls_server::{ClientCert, MtlsAcceptor, MtlsConfig, Refusal, ServerIdentity, TlsInfo, files};
use pki_core::verify::{CrlSet, Revocation, TrustAnchors};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_rustls::TlsConnector;
use x509_identity::Certificate;
use zeroize::Zeroizing;

use crate::MatrixError;
use crate::case::{self, Shows};

/// A lab on disk, as the peers see it.
pub(crate) struct LabFiles {
    pub(crate) directory: PathBuf,
    pub(crate) password: Password,
}

impl LabFiles {
    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.directory.join(file)
    }

    pub(crate) fn read(&self, file: &str) -> Result<Zeroizing<Vec<u8>>, MatrixError> {
        let path = self.path(file);
        fs::read(&path)
            .map(Zeroizing::new)
            .map_err(|source| MatrixError::Read { path, source })
    }
}

/// A server of this crate's sibling, listening on a free port of this machine.
pub(crate) struct RunningServer {
    pub(crate) address: SocketAddr,
    handle: axum_server::Handle<SocketAddr>,
    refusals: mpsc::UnboundedReceiver<(String, String)>,
}

impl RunningServer {
    pub(crate) async fn start(lab: &LabFiles, server: &case::Server) -> Result<Self, MatrixError> {
        let identity = ServerIdentity::from_files(lab.path(server.chain), lab.path(server.key))
            .map_err(MatrixError::setup)?;
        let roots =
            files::client_roots(lab.path(server.client_roots)).map_err(MatrixError::setup)?;
        let mut config = MtlsConfig::builder(identity, roots);
        if let Some(crl) = server.crl {
            let crls = files::crls([lab.path(crl)]).map_err(MatrixError::setup)?;
            config = config.revocation(Revocation::new(crls));
        }
        let config = config.build().map_err(MatrixError::setup)?;
        let (sender, refusals) = mpsc::unbounded_channel();
        let acceptor = Watched {
            inner: MtlsAcceptor::new(config),
            refusals: sender,
        };
        let handle = axum_server::Handle::new();
        let router = Router::new().route("/", get(hello));
        let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let serving = axum_server::bind(anywhere)
            .acceptor(acceptor)
            .handle(handle.clone())
            .serve(router.into_make_service());
        tokio::spawn(serving);
        let address = handle
            .listening()
            .await
            .ok_or_else(|| MatrixError::setup(io::Error::other("no free port")))?;
        Ok(Self {
            address,
            handle,
            refusals,
        })
    }

    /// Why the server refused the last connection: code and sentence.
    pub(crate) async fn refusal(&mut self) -> Option<(String, String)> {
        tokio::time::timeout(Duration::from_secs(2), self.refusals.recv())
            .await
            .ok()
            .flatten()
    }
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        self.handle.shutdown();
    }
}

async fn hello(client: ClientCert, tls: TlsInfo) -> String {
    let name = client.common_name().unwrap_or("nobody");
    format!(
        "Hello {name}: {}, {}, {}",
        tls.version(),
        tls.cipher_suite(),
        tls.key_exchange()
    )
}

/// The door, with an ear at it.
#[derive(Clone)]
struct Watched {
    inner: MtlsAcceptor,
    refusals: mpsc::UnboundedSender<(String, String)>,
}

impl<S> Accept<TcpStream, S> for Watched
where
    S: Send + 'static,
    MtlsAcceptor: Accept<TcpStream, S>,
    <MtlsAcceptor as Accept<TcpStream, S>>::Future: Send + 'static,
{
    type Stream = <MtlsAcceptor as Accept<TcpStream, S>>::Stream;
    type Service = <MtlsAcceptor as Accept<TcpStream, S>>::Service;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, Self::Service)>> + Send>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let accepted = self.inner.accept(stream, service);
        let refusals = self.refusals.clone();
        Box::pin(async move {
            let outcome = accepted.await;
            if let Err(error) = &outcome
                && let Some(refusal) = error
                    .get_ref()
                    .and_then(|error| error.downcast_ref::<Box<Refusal>>())
            {
                let reason = refusal.reason();
                // Nobody listens any more once the case is decided.
                let _ = refusals.send((reason.code().to_owned(), with_causes(reason)));
            }
            outcome
        })
    }
}

/// The most exact sentence: the innermost cause.
pub(crate) fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// The client of a case: how it asks, once.
pub(crate) async fn ask(
    lab: &LabFiles,
    case: &case::Case,
    versions: TlsVersions,
    server: SocketAddr,
) -> Result<Result<String, mtls_client::Error>, MatrixError> {
    if let Shows::Nothing = case.client.shows {
        let answer = ask_without_certificate(lab, &case.client, versions, server).await?;
        return Ok(answer.map_err(|error| mtls_client::Error::classify(&error)));
    }
    let client = connector(lab, case, versions, server)?;
    let client = Client::builder(TokioExecutor::new()).build::<_, Empty<Bytes>>(client);
    let url = format!("https://{}:{}/", case.client.host, server.port());
    let url = url.parse().map_err(MatrixError::setup)?;
    Ok(answer_to(client.get(url)).await)
}

/// The body of an answer with success.
async fn answer_to(request: ResponseFuture) -> Result<String, mtls_client::Error> {
    let response = request
        .await
        .map_err(|error| mtls_client::Error::classify(&error))?;
    let status = response.status();
    if !status.is_success() {
        let unexpected = io::Error::new(io::ErrorKind::InvalidData, status.to_string());
        return Err(mtls_client::Error::classify(&unexpected));
    }
    let body = response.into_body().collect().await;
    let body = body.map_err(|error| mtls_client::Error::classify(&error))?;
    Ok(String::from_utf8_lossy(&body.to_bytes()).into_owned())
}

fn connector(
    lab: &LabFiles,
    case: &case::Case,
    versions: TlsVersions,
    server: SocketAddr,
) -> Result<Connector, MatrixError> {
    let client = &case.client;
    let identity = identity(lab, client.shows)?;
    let mut builder = Connector::builder(roots(lab, client)?, identity)
        .tls_versions(versions)
        .resolve("localhost", server.port(), server.ip());
    if let Some(crl) = client.crl {
        let crls = CrlSet::from_pem_or_der([lab.read(crl)?]).map_err(MatrixError::setup)?;
        builder = builder.revocation(Revocation::new(crls));
    }
    if let Some(pins) = pins(lab, case)? {
        builder = builder.pins(pins);
    }
    builder.build().map_err(MatrixError::setup)
}

fn identity(lab: &LabFiles, shows: Shows) -> Result<ClientIdentity, MatrixError> {
    match shows {
        Shows::Pem { chain, key } => ClientIdentity::from_pem(&lab.read(chain)?, &lab.read(key)?),
        Shows::Pkcs12(bundle) => ClientIdentity::from_pkcs12(&lab.read(bundle)?, &lab.password),
        Shows::Nothing => ClientIdentity::from_pem(&[], &[]),
    }
    .map_err(MatrixError::setup)
}

fn roots(lab: &LabFiles, client: &case::Client) -> Result<TrustAnchors, MatrixError> {
    TrustAnchors::from_pem(&lab.read(client.roots)?).map_err(MatrixError::setup)
}

fn pins(lab: &LabFiles, case: &case::Case) -> Result<Option<PinSet>, MatrixError> {
    use mtls_client::Pin as Hash;
    let of_server = || -> Result<Hash, MatrixError> {
        let pem = lab.read(case.server.chain)?;
        let anchors = TrustAnchors::from_pem(&pem).map_err(MatrixError::setup)?;
        let leaf: &Arc<Certificate> = anchors
            .certificates()
            .first()
            .ok_or(MatrixError::NoCertificate)?;
        Ok(Hash::of(leaf))
    };
    let unused = || Hash::from_spki_sha256([0; 32]);
    let pins = match case.client.pin {
        case::Pin::None => return Ok(None),
        case::Pin::Right => vec![of_server()?],
        case::Pin::Backup => vec![unused(), of_server()?],
        case::Pin::Wrong => vec![unused()],
    };
    PinSet::new(pins).map(Some).map_err(MatrixError::setup)
}

/// A client as it should not be: `mtls-client` makes none without a certificate. It speaks plain TLS,
/// since what an HTTP client says of a connection that ends early depends on when it looks.
async fn ask_without_certificate(
    lab: &LabFiles,
    client: &case::Client,
    versions: TlsVersions,
    server: SocketAddr,
) -> Result<io::Result<String>, MatrixError> {
    use rustls::version::{TLS12, TLS13};
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut store = rustls::RootCertStore::empty();
    for root in roots(lab, client)?.certificates() {
        store
            .add(root.der().to_vec().into())
            .map_err(MatrixError::setup)?;
    }
    let versions: &[&rustls::SupportedProtocolVersion] = match versions {
        TlsVersions::Only12 => &[&TLS12],
        TlsVersions::Only13 => &[&TLS13],
        _ => rustls::ALL_VERSIONS,
    };
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .map_err(MatrixError::setup)?
        .with_root_certificates(store)
        .with_no_client_auth();
    let name = ServerName::try_from(client.host).map_err(MatrixError::setup)?;
    Ok(async {
        let tcp = TcpStream::connect(server).await?;
        let mut tls = TlsConnector::from(Arc::new(config))
            .connect(name, tcp)
            .await?;
        tls.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            .await?;
        let mut answer = String::new();
        tls.read_to_string(&mut answer).await?;
        Ok(answer)
    }
    .await)
}

/// Checked before any connection: the lab is where it should be.
pub(crate) fn check(directory: &Path) -> Result<(), MatrixError> {
    let path = directory.join(mtls_lab::MANIFEST);
    fs::metadata(&path)
        .map(|_| ())
        .map_err(|source| MatrixError::Read { path, source })
}
