//! Which servers are accepted, and what is said about the others.

use bytes::Bytes;
use mtls_client::{Error, ErrorKind, Pin, PinSet};
use pki_core::verify::{CrlSet, Revocation};
use x509_identity::Certificate;

use crate::support::*;

const SERIAL: u64 = 4711;

#[tokio::test]
async fn a_server_is_accepted_only_with_a_good_certificate() {
    let (ca, other) = (Ca::root("root"), Ca::root("other root"));
    let cases = [
        ("good", ca.server("localhost"), None),
        (
            "other root",
            other.server("localhost"),
            Some("untrusted-server"),
        ),
        (
            "self-signed",
            ca.server("localhost").self_signed(),
            Some("untrusted-server"),
        ),
        (
            "clientAuth only",
            ca.client("localhost").dns("localhost"),
            Some("untrusted-server"),
        ),
        ("expired", ca.server("localhost").expired(), Some("expired")),
        (
            "not yet valid",
            ca.server("localhost").not_yet_valid(),
            Some("expired"),
        ),
        (
            "other name",
            ca.server("elsewhere.test"),
            Some("name-mismatch"),
        ),
    ];
    for (case, server, expected) in cases {
        let address = serve(&server, Clients::Required(&ca, Vec::new())).await;
        for (versions, alpn, via) in ways() {
            let connector = connector(&ca, identity_of(&ca.client("client1")))
                .tls_versions(versions)
                .alpn(alpn)
                .build()
                .unwrap();
            let got = request(via, &connector, &url(address), Bytes::new()).await;
            let kind = got.as_ref().err().map(|error| error.kind().as_str());
            assert_eq!(kind, expected, "{case} {versions:?} {via:?}: {got:?}");
        }
    }
}

#[tokio::test]
async fn a_pin_has_to_be_in_the_verified_path() {
    let (root, stranger) = (Ca::root("root"), Ca::root("stranger"));
    let issuing = root.issuing("issuing");
    // The stranger's certificate is sent, and is in no verified path.
    let server = issuing.server("localhost").presenting([stranger.der()]);
    let address = serve(&server, Clients::NotAsked).await;
    let pin = |der: &[u8]| Pin::of(&Certificate::from_der(der).unwrap());
    let (leaf, middle, top) = (pin(server.der()), pin(issuing.der()), pin(root.der()));
    let wrong = pin(stranger.der());
    for (pins, accepted) in [
        (vec![leaf], true),
        (vec![middle], true),
        (vec![top], true),
        (vec![wrong, leaf], true),
        (vec![wrong], false),
    ] {
        for via in BOTH {
            let connector = connector(&root, identity_of(&root.client("client1")))
                .pins(PinSet::new(pins.clone()).unwrap())
                .build()
                .unwrap();
            let got = request(via, &connector, &url(address), Bytes::new()).await;
            match got {
                Ok(_) => assert!(accepted, "{pins:?}"),
                Err(error) => {
                    assert!(!accepted, "{pins:?}: {error}");
                    let seen = vec![leaf, middle, top];
                    assert_eq!(*error.kind(), ErrorKind::PinMismatch { seen });
                }
            }
        }
    }
}

#[tokio::test]
async fn a_right_pin_saves_no_untrusted_server() {
    let (ca, other) = (Ca::root("root"), Ca::root("other"));
    let server = other.server("localhost");
    let address = serve(&server, Clients::NotAsked).await;
    let pin = Pin::of(&Certificate::from_der(server.der()).unwrap());
    let connector = connector(&ca, identity_of(&ca.client("client1")))
        .pins(PinSet::new([pin]).unwrap())
        .build()
        .unwrap();
    for via in BOTH {
        let error = request(via, &connector, &url(address), Bytes::new())
            .await
            .unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::UntrustedServer);
        assert_eq!(error.verify_error().unwrap().code(), "unknown-issuer");
    }
}

#[tokio::test]
async fn a_revoked_server_is_refused_if_crls_are_given() {
    let ca = Ca::root("root");
    let server = ca.server("localhost").serial(SERIAL);
    let address = serve(&server, Clients::NotAsked).await;
    for (crl, expected) in [
        (None, None),
        (Some(ca.crl().revoke(SERIAL + 1).der().clone()), None),
        (Some(ca.crl().revoke(SERIAL).der().clone()), Some("revoked")),
        // A CRL of another CA says nothing about this server, and unknown is denied.
        (
            Some(Ca::root("other").crl().der().clone()),
            Some("untrusted-server"),
        ),
    ] {
        for versions in VERSIONS {
            for via in BOTH {
                let mut builder =
                    connector(&ca, identity_of(&ca.client("client1"))).tls_versions(versions);
                if let Some(crl) = &crl {
                    let crls = CrlSet::from_pem_or_der([crl.as_ref()]).unwrap();
                    builder = builder.revocation(Revocation::new(crls));
                }
                let connector = builder.build().unwrap();
                let got = request(via, &connector, &url(address), Bytes::new()).await;
                let kind = got.as_ref().err().map(|error| error.kind().as_str());
                assert_eq!(kind, expected, "{versions:?} {via:?}: {got:?}");
            }
        }
    }
}

#[tokio::test]
async fn another_name_is_checked_where_one_is_given() {
    let ca = Ca::root("root");
    let server = ca.server("api.example.test");
    let address = serve(&server, Clients::NotAsked).await;
    for (name, expected) in [
        (None, Some("name-mismatch")),
        (Some("api.example.test"), None),
        (Some("other.example.test"), Some("name-mismatch")),
    ] {
        for via in BOTH {
            let mut builder = connector(&ca, identity_of(&ca.client("client1")));
            if let Some(name) = name {
                builder = builder.server_name(name);
            }
            let got = request(via, &builder.build().unwrap(), &url(address), Bytes::new()).await;
            let kind = got.as_ref().err().map(|error| error.kind().as_str());
            assert_eq!(kind, expected, "{name:?} {via:?}: {got:?}");
        }
    }
}

#[tokio::test]
async fn a_bare_rustls_stream_judges_the_same_and_its_errors_have_the_same_kinds() {
    let ca = Ca::root("root");
    let pin = Pin::from_spki_sha256([7; 32]);
    for (server, pins, expected) in [
        (ca.server("localhost"), None, None),
        (ca.server("localhost"), Some(pin), Some("pin-mismatch")),
        (ca.server("elsewhere.test"), None, Some("name-mismatch")),
        (ca.server("localhost").expired(), None, Some("expired")),
        (
            ca.client("localhost").dns("localhost"),
            None,
            Some("untrusted-server"),
        ),
        (
            Ca::root("other").server("localhost"),
            None,
            Some("untrusted-server"),
        ),
    ] {
        let address = serve(&server, Clients::NotAsked).await;
        let mut builder = connector(&ca, identity_of(&ca.client("client1")));
        if let Some(pin) = pins {
            builder = builder.pins(PinSet::new([pin]).unwrap());
        }
        let config = builder.build().unwrap().rustls_config();
        let tcp = tokio::net::TcpStream::connect(address).await.unwrap();
        let name = "localhost".try_into().unwrap();
        let handshake = tokio_rustls::TlsConnector::from(config)
            .connect(name, tcp)
            .await;
        let kind = handshake
            .err()
            .map(|error| Error::classify(&error).kind().as_str());
        assert_eq!(kind, expected);
    }
}
