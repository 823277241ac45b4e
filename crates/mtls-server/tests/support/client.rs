//! A TLS client that does what it is told and says which alert it got.

use std::{io, net::SocketAddr, sync::Arc};

use rustls::{
    AlertDescription, ClientConfig, RootCertStore, SupportedProtocolVersion,
    client::ResolvesClientCert,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName},
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
    roots
        .add(CertificateDer::from(world.ca.der.clone()))
        .unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots);
    match client {
        Some(leaf) => {
            let key = aws_lc_rs::sign::any_supported_type(&leaf.key_der()).unwrap();
            builder.with_client_cert_resolver(Arc::new(Shown(leaf.chain_der(), key)))
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
    let tcp = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    Ok(TlsConnector::from(Arc::new(config))
        .connect(name, tcp)
        .await?)
}

/// Connects, asks for `path`, and gives back the whole answer.
pub async fn get(address: SocketAddr, config: ClientConfig, path: &str) -> Result<String, Failure> {
    let mut stream = connect(address, config).await?;
    request(&mut stream, path).await
}

pub async fn request(stream: &mut TlsStream<TcpStream>, path: &str) -> Result<String, Failure> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    // A late refusal may break the pipe first; the read says why.
    let _ = stream.write_all(request.as_bytes()).await;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}
