//! ML-DSA (RFC 9881): chains of it are presented and accepted, by TLS 1.3 alone.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use pki_core::{EncodedKey, Password};
use rustls::client::ResolvesClientCert;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::server::{ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, SignatureScheme,
    SupportedProtocolVersion,
};
use test_pki::rcgen::PublicKeyData;
use test_pki::{Ca, KeyKind, Leaf};
use tls_identity::Identity;

const KINDS: [KeyKind; 3] = [KeyKind::MlDsa44, KeyKind::MlDsa65, KeyKind::MlDsa87];

fn identity(leaf: &Leaf) -> Identity {
    Identity::from_pem(leaf.chain_pem().as_bytes(), leaf.key_pem().as_bytes()).unwrap()
}

#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl ResolvesServerCert for Always {
    fn resolve(&self, _: rustls::server::ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

impl ResolvesClientCert for Always {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// Whether server and client agree, and the server has seen the client's certificate.
fn handshake(
    root: &Ca,
    server: &Identity,
    client: &Identity,
    version: &'static SupportedProtocolVersion,
) -> Result<(), rustls::Error> {
    let provider = Arc::new(default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(root.der().clone()).unwrap();
    let roots = Arc::new(roots);
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::clone(&roots), Arc::clone(&provider));
    let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[version])?
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_cert_resolver(Arc::new(Always(Arc::clone(server.certified_key()))));
    let mut server = ServerConnection::new(Arc::new(config))?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])?
        .with_root_certificates(roots)
        .with_client_cert_resolver(Arc::new(Always(Arc::clone(client.certified_key()))));
    let name = "localhost".try_into().unwrap();
    let mut client = ClientConnection::new(Arc::new(config), name)?;
    while client.is_handshaking() || server.is_handshaking() {
        let mut bytes = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut bytes).unwrap();
        }
        let mut unread = bytes.as_slice();
        while !unread.is_empty() {
            server.read_tls(&mut unread).unwrap();
            server.process_new_packets()?;
        }
        let mut bytes = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut bytes).unwrap();
        }
        let mut unread = bytes.as_slice();
        while !unread.is_empty() {
            client.read_tls(&mut unread).unwrap();
            client.process_new_packets()?;
        }
    }
    assert!(server.peer_certificates().is_some());
    Ok(())
}

#[test]
fn both_sides_present_ml_dsa_in_tls_1_3_alone() {
    let root = Ca::root("root");
    let usual = (
        identity(&root.server("localhost")),
        identity(&root.client("client")),
    );
    for kind in KINDS {
        let server = identity(&root.server("localhost").with_key(kind));
        let client = identity(&root.client("client").with_key(kind));
        for (server, client) in [(&server, &client), (&server, &usual.1), (&usual.0, &client)] {
            handshake(&root, server, client, &TLS13).unwrap();
            assert!(
                handshake(&root, server, client, &TLS12).is_err(),
                "{kind:?}"
            );
        }
    }
    handshake(&root, &usual.0, &usual.1, &TLS12).unwrap();
}

#[test]
fn a_whole_chain_may_be_of_ml_dsa() {
    for kind in KINDS {
        let root = Ca::root("root").with_key(kind);
        let issuing = root.issuing("issuing").with_key(kind);
        let server = identity(&issuing.server("localhost").with_key(kind));
        let client = identity(&issuing.client("client").with_key(kind));
        handshake(&root, &server, &client, &TLS13).unwrap();
        let other = Ca::root("root").with_key(kind);
        assert!(handshake(&other, &server, &client, &TLS13).is_err());
    }
}

#[test]
fn an_identity_tells_whether_it_needs_tls_1_3() {
    let root = Ca::root("root");
    for (kind, needs) in [
        (KeyKind::MlDsa44, true),
        (KeyKind::MlDsa65, true),
        (KeyKind::MlDsa87, true),
        (KeyKind::P256, false),
        (KeyKind::P521, false),
        (KeyKind::Ed25519, false),
        (KeyKind::Rsa2048, false),
    ] {
        let own = identity(&root.client("client").with_key(kind));
        assert_eq!(own.needs_tls13(), needs, "{kind:?}");
    }
}

#[test]
fn a_key_of_ml_dsa_is_that_of_its_certificate_alone() {
    let root = Ca::root("root");
    for kind in KINDS {
        let (own, other) = [(); 2]
            .map(|()| root.client("client").with_key(kind))
            .into();
        let key = own.key_pem();
        let read = EncodedKey::read(key.as_bytes(), None).unwrap();
        assert_eq!(
            read.public_key_der().unwrap(),
            own.key().subject_public_key_info()
        );
        let mismatch = Identity::from_pem(other.chain_pem().as_bytes(), key.as_bytes());
        assert!(mismatch.is_err());
        // With a password there is nothing to decrypt, and nothing changes.
        let with_password = Identity::from_pem_with_password(
            own.chain_pem().as_bytes(),
            key.as_bytes(),
            &Password::new("password"),
        );
        assert!(with_password.is_ok());
    }
}
