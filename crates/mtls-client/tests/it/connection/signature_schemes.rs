//! A server says which signatures it can verify, and the identity presented can make one of them.

use std::net::SocketAddr;
use std::sync::Arc;

use mtls_client::{Connector, Error, Identities};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, SignatureScheme};
use test_pki::KeyKind;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use x509_identity::Certificate;

use crate::support::*;

/// Accepts any certificate, as long as its key makes this signature.
#[derive(Debug)]
struct Only(SignatureScheme);

impl ClientCertVerifier for Only {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let algorithms = &provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let algorithms = &provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![self.0]
    }
}

/// Answers with one byte: the last of the client's serial number.
async fn serve_only(server: &Leaf, scheme: SignatureScheme) -> SocketAddr {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let key = server.key_der();
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(Arc::new(Only(scheme)))
        .with_single_cert(server.chain(), key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(tcp).await else {
                continue;
            };
            let presented = stream.get_ref().1.peer_certificates().unwrap()[0].clone();
            let presented = Certificate::from_der(&presented).unwrap();
            let serial = u8::from_str_radix(&presented.serial().to_string(), 16).unwrap();
            let _ = tokio::io::AsyncWriteExt::write_u8(&mut stream, serial).await;
            let _ = tokio::io::AsyncWriteExt::shutdown(&mut stream).await;
        }
    });
    address
}

#[tokio::test]
async fn the_first_identity_whose_signature_the_server_can_verify_is_presented() {
    let ca = Ca::root("root");
    let server = ca.server("localhost");
    let p256 = ca.client("p256").serial(1_u64);
    let p384 = ca.client("p384").serial(2_u64).with_key(KeyKind::P384);
    let p256_first = || Identities::new(identity_of(&p256)).or(identity_of(&p384));
    let p384_first = || Identities::new(identity_of(&p384)).or(identity_of(&p256));
    for (scheme, expected) in [
        (SignatureScheme::ECDSA_NISTP256_SHA256, Some(1)),
        (SignatureScheme::ECDSA_NISTP384_SHA384, Some(2)),
        (SignatureScheme::ED25519, None),
    ] {
        let address = serve_only(&server, scheme).await;
        for identities in [p256_first(), p384_first()] {
            let connector = Connector::builder(anchors(&ca), identities)
                .tls_versions(mtls_client::TlsVersions::Only13)
                .build()
                .unwrap();
            let presented = async {
                let mut stream = connector.connect(&url(address).parse().unwrap()).await?;
                stream
                    .read_u8()
                    .await
                    .map_err(|error| Error::classify(&error))
            };
            assert_eq!(presented.await.ok(), expected, "{scheme:?}");
        }
    }
}
