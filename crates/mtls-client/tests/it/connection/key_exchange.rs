//! The hybrid of X25519 and ML-KEM-768 is offered, with a share, and taken by a server that knows it.

use std::sync::Arc;

use mtls_client::TlsVersions;
use rustls::NamedGroup;
use rustls::crypto::aws_lc_rs::{default_provider, kx_group};
use rustls::server::Acceptor;
use tokio::net::TcpListener;

use crate::support::*;

/// A server that knows `groups` alone.
async fn negotiated(
    versions: TlsVersions,
    groups: Vec<&'static dyn rustls::crypto::SupportedKxGroup>,
) -> NamedGroup {
    let ca = Ca::root("root");
    let server = ca.server("localhost");
    let mut provider = default_provider();
    provider.kx_groups = groups;
    let key = server.key_der();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(server.chain(), key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let accepted = tokio::spawn(async move {
        let (tcp, _) = listener.accept().await.unwrap();
        acceptor.accept(tcp).await.unwrap()
    });
    let connector = connector(&ca, identity_of(&ca.client("client1")))
        .tls_versions(versions)
        .build()
        .unwrap();
    let stream = connector
        .connect(&url(address).parse().unwrap())
        .await
        .unwrap();
    let group = stream.session().unwrap().negotiated_key_exchange_group();
    accepted.await.unwrap();
    group.unwrap().name()
}

#[tokio::test]
async fn the_best_group_that_both_know_is_negotiated() {
    let hybrid = kx_group::X25519MLKEM768;
    for (versions, groups, expected) in [
        (
            TlsVersions::Both,
            vec![hybrid, kx_group::X25519],
            NamedGroup::X25519MLKEM768,
        ),
        (
            TlsVersions::Both,
            vec![kx_group::X25519],
            NamedGroup::X25519,
        ),
        (
            TlsVersions::Both,
            vec![kx_group::SECP384R1],
            NamedGroup::secp384r1,
        ),
        // The hybrid is one of TLS 1.3.
        (
            TlsVersions::Only12,
            vec![hybrid, kx_group::X25519],
            NamedGroup::X25519,
        ),
    ] {
        assert_eq!(negotiated(versions, groups).await, expected, "{versions:?}");
    }
}

#[tokio::test]
async fn the_client_hello_names_the_hybrid_and_carries_a_share_of_it() {
    let ca = Ca::root("root");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connector = connector(&ca, identity_of(&ca.client("client1")))
        .build()
        .unwrap();
    let dialling = tokio::spawn(async move {
        let _ = connector.connect(&url(address).parse().unwrap()).await;
    });
    let (tcp, _) = listener.accept().await.unwrap();
    let mut bytes = vec![0; 8 << 10];
    let mut acceptor = Acceptor::default();
    let mut length = 0;
    let accepted = loop {
        tcp.readable().await.unwrap();
        let Ok(read) = tcp.try_read(&mut bytes[length..]) else {
            continue;
        };
        assert!(read > 0, "hung up");
        let mut new = &bytes[length..length + read];
        length += read;
        while !new.is_empty() {
            acceptor.read_tls(&mut new).unwrap();
        }
        if let Some(accepted) = acceptor.accept().ok().unwrap() {
            break accepted;
        }
    };
    let hello = accepted.client_hello();
    let named = hello.named_groups().unwrap();
    assert_eq!(named.first(), Some(&NamedGroup::X25519MLKEM768));
    // KeyShareEntry (RFC 8446 section 4.2.8): the group 0x11ec, and 1216 bytes (draft-ietf-tls-ecdhe-mlkem).
    let entry = [0x11, 0xec, 0x04, 0xc0];
    assert!(bytes[..length].windows(4).any(|part| part == entry));
    dialling.abort();
}
