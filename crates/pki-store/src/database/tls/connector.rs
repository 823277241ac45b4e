//! A connector for tokio-postgres.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::ServerName;
use rustls::sign::SingleCertAndKey;
use rustls::{ClientConfig, RootCertStore};
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use tls_identity::{IdentityFiles, read_file};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;
use x509_identity::Certificate;

use super::verifier::ServerVerifier;
use crate::error::Cause;
use crate::url::TlsSettings;

/// TLS of one connection: files are read again for each, so that a certificate that was renewed is used.
#[derive(Clone)]
pub(in crate::database) struct Connector(TlsConnector);

impl Connector {
    /// Reads the files. It blocks.
    ///
    /// # Errors
    ///
    /// With the file that cannot be used.
    pub(in crate::database) fn read(settings: &TlsSettings) -> Result<Self, Cause> {
        let mut roots = RootCertStore::empty();
        if let Some(path) = &settings.roots {
            let in_file = |error: Cause| -> Cause {
                Arc::new(io::Error::other(format!("{}: {error}", path.display())))
            };
            let bytes = read_file(path, MAX_LEN).map_err(|error| in_file(Arc::new(error)))?;
            let read = tls_identity::certificates(&bytes);
            for root in read.map_err(|error| in_file(Arc::new(error)))? {
                roots.add(root).map_err(|error| in_file(Arc::new(error)))?;
            }
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = ServerVerifier::new(settings.check, roots, provider.clone());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| -> Cause { Arc::new(error) })?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = match &settings.identity {
            None => config.with_no_client_auth(),
            Some((certificate, key)) => {
                let identity = IdentityFiles::pem(certificate, key).read();
                let identity = identity.map_err(|error| -> Cause { Arc::new(error) })?;
                let own = SingleCertAndKey::from(identity.certified_key().clone());
                config.with_client_cert_resolver(Arc::new(own))
            }
        };
        // Servers from version 17 on ask for it where TLS begins at once.
        config.alpn_protocols = vec![b"postgresql".to_vec()];
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }
}

impl<S> MakeTlsConnect<S> for Connector
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Stream<S>;
    type TlsConnect = Named;
    type Error = io::Error;

    /// A socket of the system has no name, and no TLS either.
    fn make_tls_connect(&mut self, domain: &str) -> io::Result<Named> {
        let name = ServerName::try_from(domain.to_owned());
        Ok(Named {
            connector: self.0.clone(),
            name: name.ok(),
        })
    }
}

/// TLS to the server of that name.
pub(in crate::database) struct Named {
    connector: TlsConnector,
    name: Option<ServerName<'static>>,
}

impl<S> TlsConnect<S> for Named
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Stream<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Stream<S>>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move {
            let name = self
                .name
                .ok_or_else(|| io::Error::other("the host is not a name that TLS knows"))?;
            let stream = self.connector.connect(name, stream).await?;
            Ok(Stream(stream))
        })
    }
}

/// A connection over TLS.
pub(in crate::database) struct Stream<S>(tokio_rustls::client::TlsStream<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Stream<S> {
    /// SCRAM is then about this certificate, and nobody in between can use what the client proves.
    fn channel_binding(&self) -> ChannelBinding {
        let certificates = self.0.get_ref().1.peer_certificates();
        let end_point = certificates
            .and_then(|chain| Certificate::from_der(chain.first()?).ok())
            .and_then(|certificate| end_point(&certificate));
        end_point.map_or_else(ChannelBinding::none, ChannelBinding::tls_server_end_point)
    }
}

/// The hash of a certificate by the hash function of its signature, and nothing where that is not said (RFC 5929 section
/// 4.1).
fn end_point(certificate: &Certificate) -> Option<Vec<u8>> {
    use const_oid::db::rfc5912::{
        ECDSA_WITH_SHA_256, ECDSA_WITH_SHA_384, ECDSA_WITH_SHA_512, SHA_256_WITH_RSA_ENCRYPTION,
        SHA_384_WITH_RSA_ENCRYPTION, SHA_512_WITH_RSA_ENCRYPTION,
    };
    let der = certificate.der();
    match certificate.signature_algorithm() {
        ECDSA_WITH_SHA_256 | SHA_256_WITH_RSA_ENCRYPTION => Some(Sha256::digest(der).to_vec()),
        ECDSA_WITH_SHA_384 | SHA_384_WITH_RSA_ENCRYPTION => Some(Sha384::digest(der).to_vec()),
        ECDSA_WITH_SHA_512 | SHA_512_WITH_RSA_ENCRYPTION => Some(Sha512::digest(der).to_vec()),
        _ => None,
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

/// Bytes of a file with roots.
const MAX_LEN: u64 = 1 << 20;
