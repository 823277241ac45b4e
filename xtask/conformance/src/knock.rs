//! The client: it presents what it is told to, whatever the server asks for.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use conformance::Case;
use rustls::client::ResolvesClientCert;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use rustls::sign::CertifiedKey;
use rustls::version::TLS13;
use rustls::{ClientConfig, ClientConnection, RootCertStore, SignatureScheme, StreamOwned};
use suite::Peers;
use suite::process;

/// What became of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// An answer with status 200.
    Accepted,
    /// An alert, the end of the connection, or an answer with another status.
    Refused,
    /// The server does not start with these roots or CRLs, so nobody is accepted.
    NoServer,
    /// Neither: it took too long, or nobody listens where the server has to be.
    Failed(String),
}

/// What every case needs.
pub(crate) struct Client<'a> {
    peers: &'a Peers,
    trust: Arc<RootCertStore>,
    /// For the keys and chains of `openssl`.
    scratch: PathBuf,
}

impl<'a> Client<'a> {
    /// A client of servers that present `identity`.
    pub(crate) fn new(peers: &'a Peers, identity: &Case, scratch: &Path) -> Result<Self> {
        let mut trust = RootCertStore::empty();
        for root in &identity.trust_anchors {
            trust.add(CertificateDer::from(root.as_slice()))?;
        }
        Ok(Self {
            peers,
            trust: Arc::new(trust),
            scratch: scratch.to_owned(),
        })
    }

    pub(crate) fn knock(&self, case: &Case, port: u16) -> Outcome {
        let knocked = match config(&self.trust, case) {
            Ok(config) => by_rustls(config, port),
            // rustls loads no RSA key of less than 2048 bits.
            Err(_) => self.by_openssl(case, port),
        };
        knocked.unwrap_or_else(|error| Outcome::Failed(format!("{error:#}")))
    }

    fn by_openssl(&self, case: &Case, port: u16) -> Result<Outcome> {
        let chain = self.scratch.join("knock-chain.pem");
        let key = self.scratch.join("knock-key.pem");
        fs::write(&chain, case.chain_pem())?;
        fs::write(&key, case.key_pem())?;
        drop(connect(port)?); // s_client does not wait for a server that has just been started
        let mut command = self.peers.command("openssl");
        command.args(["s_client", "-connect", &format!("127.0.0.1:{port}")]);
        command.args(["-servername", "localhost", "-tls1_3", "-ign_eof"]);
        command.args(["-cipher", "DEFAULT@SECLEVEL=0"]);
        command.arg("-cert").arg(&chain).arg("-key").arg(&key);
        command.arg("-cert_chain").arg(&chain);
        let said = process::run(&mut command, Some(REQUEST))?;
        Ok(if said.stdout.contains("HTTP/1.1 200 ") {
            Outcome::Accepted
        } else if said.stdout.contains("CONNECTED(") {
            Outcome::Refused
        } else {
            Outcome::Failed(said.reason())
        })
    }
}

fn by_rustls(config: ClientConfig, port: u16) -> Result<Outcome> {
    let tcp = connect(port)?;
    tcp.set_read_timeout(Some(PATIENCE))?;
    tcp.set_write_timeout(Some(PATIENCE))?;
    let name = ServerName::try_from("localhost")?;
    let tls = ClientConnection::new(Arc::new(config), name)?;
    let mut stream = StreamOwned::new(tls, tcp);
    let mut answer = [0; 12];
    let outcome = stream
        .write_all(REQUEST.as_bytes())
        .and_then(|()| stream.read_exact(&mut answer));
    match outcome {
        Ok(()) if answer == *b"HTTP/1.1 200" => Ok(Outcome::Accepted),
        Ok(()) => Ok(Outcome::Refused),
        Err(error) => match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                Err(error).context("waiting for an answer")
            }
            // The server's own certificate, or what it sends, is no reason that a case could have.
            _ if is_ours(&error) => Err(error).context("the handshake failed at the client"),
            _ => Ok(Outcome::Refused),
        },
    }
}

/// Whether the client itself ended the handshake.
fn is_ours(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    inner.is_some_and(|error| !matches!(error, rustls::Error::AlertReceived(_)))
}

/// Waits for a server that has just been started.
fn connect(port: u16) -> Result<TcpStream> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port))) {
            Ok(tcp) => return Ok(tcp),
            Err(error) if Instant::now() > deadline => {
                return Err(error).with_context(|| format!("connecting to port {port}"));
            }
            Err(_) => std::thread::sleep(Duration::from_millis(50)),
        }
    }
}

/// TLS 1.3, where the client's groups say nothing about its certificate: in TLS 1.2 (RFC 8422 section 5.1) OpenSSL
/// refuses a key of P-521, which rustls has not among its groups. Else servers judge alike in both.
fn config(trust: &Arc<RootCertStore>, case: &Case) -> Result<ClientConfig, rustls::Error> {
    let key =
        aws_lc_rs::sign::any_supported_type(&PrivatePkcs8KeyDer::from(case.key.as_slice()).into())?;
    let chain = case.chain.iter().cloned().map(CertificateDer::from);
    let shown = Shown(Arc::new(CertifiedKey::new(chain.collect(), key)));
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])?
        .with_root_certificates(Arc::clone(trust))
        .with_client_cert_resolver(Arc::new(shown));
    config.resumption = rustls::client::Resumption::disabled();
    Ok(config)
}

/// Shows the case's chain, also to a server that names other CAs.
#[derive(Debug)]
struct Shown(Arc<CertifiedKey>);

impl ResolvesClientCert for Shown {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

const REQUEST: &str = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
const PATIENCE: Duration = Duration::from_secs(10);
