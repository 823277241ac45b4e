//! A TLS client that does what it is told and says which alert it got.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use rustls::{
    AlertDescription, ClientConfig, DigitallySignedStruct, NamedGroup, RootCertStore,
    SupportedProtocolVersion,
    client::{
        ClientSessionStore, ResolvesClientCert, Resumption, Tls12ClientSessionValue,
        Tls13ClientSessionValue,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
    sign::{CertifiedKey, SigningKey},
    version::{TLS12, TLS13},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{World, pki::Leaf};

pub const VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];

/// What ended a connection that was meant to work.
#[derive(Debug)]
pub enum Failure {
    Alert(AlertDescription),
    Io(io::Error),
}

impl Failure {
    pub fn alert(&self) -> Option<AlertDescription> {
        match self {
            Self::Alert(alert) => Some(*alert),
            Self::Io(_) => None,
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref()) {
            Some(rustls::Error::AlertReceived(alert)) => Self::Alert(*alert),
            _ => Self::Io(error),
        }
    }
}

pub fn config(
    world: &World,
    client: Option<&Leaf>,
    version: &'static SupportedProtocolVersion,
) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(world.ca.der().clone()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots);
    match client {
        Some(leaf) => {
            let key = aws_lc_rs::sign::any_supported_type(&leaf.key_der()).unwrap();
            builder.with_client_cert_resolver(Arc::new(Shown(leaf.chain(), key)))
        }
        None => builder.with_no_client_auth(),
    }
}

/// Shows this certificate with this key, whatever the server asked for and whether they match.
#[derive(Debug)]
struct Shown(Vec<CertificateDer<'static>>, Arc<dyn SigningKey>);

impl ResolvesClientCert for Shown {
    fn resolve(
        &self,
        _hints: &[&[u8]],
        _schemes: &[rustls::SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        Some(Arc::new(CertifiedKey::new(
            self.0.clone(),
            Arc::clone(&self.1),
        )))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

pub async fn connect(
    address: SocketAddr,
    config: ClientConfig,
) -> Result<TlsStream<TcpStream>, Failure> {
    connect_as("localhost", address, Arc::new(config)).await
}

/// Asks for the server called `name`.
pub async fn connect_as(
    name: &str,
    address: SocketAddr,
    config: Arc<ClientConfig>,
) -> Result<TlsStream<TcpStream>, Failure> {
    let tcp = TcpStream::connect(address).await?;
    let name = ServerName::try_from(name.to_owned()).unwrap();
    Ok(TlsConnector::from(config).connect(name, tcp).await?)
}

/// Connects, asks for `path`, and gives back the whole answer.
pub async fn get(address: SocketAddr, config: ClientConfig, path: &str) -> Result<String, Failure> {
    let mut stream = connect(address, config).await?;
    request(&mut stream, path).await
}

pub async fn request(stream: &mut TlsStream<TcpStream>, path: &str) -> Result<String, Failure> {
    request_of("localhost", stream, path).await
}

/// Asks the host called `host`.
pub async fn request_of(
    host: &str,
    stream: &mut TlsStream<TcpStream>,
    path: &str,
) -> Result<String, Failure> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    // A late refusal may break the pipe first; the read says why.
    let _ = stream.write_all(request.as_bytes()).await;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

/// Offers the last session it got to whatever server it talks to, as an attacker may.
pub fn config_with_one_session(
    world: &World,
    client: Option<&Leaf>,
    version: &'static SupportedProtocolVersion,
) -> ClientConfig {
    let mut config = config(world, client, version);
    config.resumption = Resumption::store(Arc::new(OneSession::default()));
    config
        .dangerous()
        .set_certificate_verifier(Arc::new(AnyServer(aws_lc_rs::default_provider())));
    config
}

#[derive(Debug, Default)]
struct OneSession(
    Mutex<(
        Option<Tls12ClientSessionValue>,
        Option<Tls13ClientSessionValue>,
    )>,
);

impl ClientSessionStore for OneSession {
    fn set_kx_hint(&self, _: ServerName<'static>, _: NamedGroup) {}

    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        None
    }

    fn set_tls12_session(&self, _: ServerName<'static>, value: Tls12ClientSessionValue) {
        self.0.lock().unwrap().0 = Some(value);
    }

    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.0.lock().unwrap().0.clone()
    }

    fn remove_tls12_session(&self, _: &ServerName<'static>) {}

    fn insert_tls13_ticket(&self, _: ServerName<'static>, value: Tls13ClientSessionValue) {
        self.0.lock().unwrap().1 = Some(value);
    }

    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        self.0.lock().unwrap().1.take()
    }
}

/// Asks the server for no name in particular.
#[derive(Debug)]
struct AnyServer(CryptoProvider);

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            cert,
            dss,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            cert,
            dss,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
