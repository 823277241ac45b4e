//! rustls servers, and clients of this crate, with certificates of test-pki.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use mtls_client::{ClientIdentity, Connector, ConnectorBuilder, Error, TlsVersions};
use pki_core::verify::{CrlSet, Revocation, TrustAnchors};
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{CertificateError, RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

mod pump;

pub(crate) use pump::Pump;
pub(crate) use test_pki::{Ca, Leaf};

pub(crate) fn anchors(ca: &Ca) -> TrustAnchors {
    TrustAnchors::from_certs([ca.der()]).unwrap()
}

pub(crate) fn identity_of(leaf: &Leaf) -> ClientIdentity {
    ClientIdentity::from_pem(leaf.chain_pem().as_bytes(), leaf.key_pem().as_bytes()).unwrap()
}

pub(crate) fn client_with_serial(ca: &Ca, serial: u64) -> Leaf {
    ca.client("client1").serial(serial)
}

/// By a current CRL of `ca` that lists these serial numbers.
pub(crate) fn revocation(ca: &Ca, revoked: &[u64]) -> Revocation {
    let list = ca.crl().revoke_all(revoked.iter().copied());
    Revocation::new(CrlSet::from_pem_or_der([list.der()]).unwrap())
}

/// How the server treats clients' certificates.
pub(crate) enum Clients<'a> {
    /// Nobody is asked.
    NotAsked,
    /// A certificate of this CA is required, and looked up in these CRLs.
    Required(&'a Ca, Vec<CertificateRevocationListDer<'static>>),
    /// Asked for, never judged by TLS, and then hung up on, as Node does.
    HangUp,
    /// Whatever is presented is refused for this reason.
    Refused(CertificateError),
}

pub(crate) fn server_config(leaf: &Leaf, clients: &Clients<'_>, alpn: &[&[u8]]) -> ServerConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match clients {
        Clients::NotAsked => builder.with_no_client_auth(),
        Clients::Required(ca, crls) => {
            let mut roots = RootCertStore::empty();
            roots.add(ca.der().clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                .with_crls(crls.clone())
                .only_check_end_entity_revocation()
                .build()
                .unwrap();
            builder.with_client_cert_verifier(verifier)
        }
        Clients::HangUp => builder.with_client_cert_verifier(Arc::new(Any(provider, None))),
        Clients::Refused(reason) => {
            builder.with_client_cert_verifier(Arc::new(Any(provider, Some(reason.clone()))))
        }
    };
    let mut config = builder
        .with_single_cert(leaf.chain(), leaf.key_der())
        .unwrap();
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
    config
}

/// Serves `leaf` on loopback for as long as the test runs; answers `hello` or the length of the body.
pub(crate) async fn serve(leaf: &Leaf, clients: Clients<'_>) -> SocketAddr {
    let hang_up = matches!(clients, Clients::HangUp);
    let config = server_config(leaf, &clients, &[b"h2", b"http/1.1"]);
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            tokio::spawn(handle(acceptor.clone(), tcp, hang_up));
        }
    });
    address
}

/// Answers at once and hangs up, whatever is still being sent.
pub(crate) async fn serve_hasty(leaf: &Leaf) -> SocketAddr {
    let config = server_config(leaf, &Clients::NotAsked, HTTP1);
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            let mut stream = acceptor.accept(tcp).await.unwrap();
            let _ = stream.read(&mut [0; 64]).await;
            let answer =
                b"HTTP/1.1 413 Too Long\r\nconnection: close\r\ncontent-length: 8\r\n\r\ntoo long";
            let _ = stream.write_all(answer).await;
            let _ = stream.flush().await;
        }
    });
    address
}

async fn handle(acceptor: TlsAcceptor, tcp: TcpStream, hang_up: bool) {
    let Ok(stream) = acceptor.accept(tcp).await else {
        return;
    };
    if hang_up {
        return;
    }
    let service = service_fn(|request: hyper::Request<Incoming>| async {
        let length = request
            .into_body()
            .collect()
            .await
            .map_or(0, |body| body.to_bytes().len());
        let text = if length == 0 {
            "hello".to_owned()
        } else {
            length.to_string()
        };
        Ok::<_, Infallible>(hyper::Response::new(Full::new(Bytes::from(text))))
    });
    let _ = auto::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

#[derive(Debug)]
struct Any(
    Arc<rustls::crypto::CryptoProvider>,
    Option<CertificateError>,
);

impl rustls::server::danger::ClientCertVerifier for Any {
    fn root_hint_subjects(&self) -> &[rustls::DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: rustls::pki_types::UnixTime,
    ) -> Result<rustls::server::danger::ClientCertVerified, rustls::Error> {
        match &self.1 {
            Some(reason) => Err(rustls::Error::InvalidCertificate(reason.clone())),
            None => Ok(rustls::server::danger::ClientCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Which HTTP client is on top of the connector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Via {
    Hyper,
    Reqwest,
}

pub(crate) const BOTH: [Via; 2] = [Via::Hyper, Via::Reqwest];
pub(crate) const HTTP1: &[&[u8]] = &[b"http/1.1"];
pub(crate) const HTTP2: &[&[u8]] = &[b"h2"];
pub(crate) const VERSIONS: [TlsVersions; 2] = [TlsVersions::Only12, TlsVersions::Only13];

/// Each version of TLS with each version of HTTP, by both clients.
pub(crate) fn ways() -> impl Iterator<Item = (TlsVersions, &'static [&'static [u8]], Via)> {
    VERSIONS.into_iter().flat_map(|versions| {
        let of_http = move |alpn| BOTH.map(move |via| (versions, alpn, via));
        [HTTP1, HTTP2].into_iter().flat_map(of_http)
    })
}

/// One POST of `body` (a GET if empty): the body of the answer, or why there is none.
pub(crate) async fn request(
    via: Via,
    connector: &Connector,
    url: &str,
    body: Bytes,
) -> Result<String, Error> {
    let method = if body.is_empty() { "GET" } else { "POST" };
    let bytes = match via {
        Via::Hyper => {
            let client = Client::builder(TokioExecutor::new()).build(connector.clone());
            let request = hyper::Request::builder()
                .method(method)
                .uri(url)
                .body(Full::new(body))
                .unwrap();
            let response = client
                .request(request)
                .await
                .map_err(|error| Error::classify(&error))?;
            response
                .into_body()
                .collect()
                .await
                .map_err(|error| Error::classify(&error))?
                .to_bytes()
        }
        Via::Reqwest => {
            let client = connector.reqwest().build().unwrap();
            let request = client.request(method.parse().unwrap(), url).body(body);
            let response = request.send().await.map_err(Error::from_reqwest)?;
            response.bytes().await.map_err(Error::from_reqwest)?
        }
    };
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

pub(crate) fn url(address: SocketAddr) -> String {
    format!("https://localhost:{}/", address.port())
}

/// A connector to servers of `roots`, before its last settings.
pub(crate) fn connector(roots: &Ca, identity: ClientIdentity) -> ConnectorBuilder {
    Connector::builder(anchors(roots), identity)
}
