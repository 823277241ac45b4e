//! A client that presents no certificate.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use mtls_client::TlsVersions;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::files::LabFiles;
use crate::cases::Client;
use crate::error::MatrixError;

/// Asks without presenting a certificate, which an `mtls-client` cannot do. Bare TLS instead of an HTTP client, because
/// the error of an HTTP client depends on the moment at which the connection ends.
pub(super) async fn ask_without_certificate(
    lab: &LabFiles,
    client: &Client,
    versions: TlsVersions,
    server: SocketAddr,
) -> Result<io::Result<String>, MatrixError> {
    use rustls::version::{TLS12, TLS13};
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut store = rustls::RootCertStore::empty();
    for root in lab.roots(client.roots)?.certificates() {
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
