//! The server refuses our certificate: the kind says so, however late the refusal arrives.

use bytes::Bytes;
use mtls_client::{ErrorKind, TlsVersions};
use rustls::{AlertDescription, CertificateError};
use test_pki::KeyKind;
use test_pki::rcgen::{BasicConstraints, CertificateParams, IsCa, KeyUsagePurpose};

use crate::support::*;

const SERIAL: u64 = 4711;

#[tokio::test]
async fn each_refusal_is_told_by_its_alert() {
    let (ca, other) = (Ca::root("root"), Ca::root("other root"));
    let address = serve(
        &ca.server("localhost"),
        Clients::Required(&ca, vec![ca.crl().revoke(SERIAL).der().clone()]),
    )
    .await;
    let numbered = |serial: u64| ca.client("client1").serial(serial);
    let cases = [
        ("good", ca.client("client1"), None),
        (
            "other root",
            other.client("client1"),
            Some(AlertDescription::UnknownCA),
        ),
        (
            "expired",
            ca.client("client1").expired(),
            Some(AlertDescription::CertificateExpired),
        ),
        (
            "server's",
            ca.server("client1.test"),
            Some(AlertDescription::UnsupportedCertificate),
        ),
        ("not revoked", numbered(SERIAL + 1), None),
        (
            "revoked",
            numbered(SERIAL),
            Some(AlertDescription::CertificateRevoked),
        ),
    ];
    for (case, client, alert) in cases {
        for (versions, alpn, via) in ways() {
            let connector = connector(&ca, identity_of(&client))
                .tls_versions(versions)
                .alpn(alpn)
                .build()
                .unwrap();
            let got = request(via, &connector, &url(address), Bytes::new()).await;
            let kind = got.as_ref().err().map(|error| error.kind().clone());
            let expected = alert.map(|alert| ErrorKind::IdentityRejected { alert: Some(alert) });
            assert_eq!(
                kind, expected,
                "{case} {versions:?} {alpn:?} {via:?}: {got:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_refusal_is_told_also_while_a_large_body_is_written() {
    let (ca, other) = (Ca::root("root"), Ca::root("other root"));
    let address = serve(&ca.server("localhost"), Clients::Required(&ca, Vec::new())).await;
    for size in [256 << 10, 1 << 20, 8 << 20] {
        let body = Bytes::from(vec![b'x'; size]);
        for alpn in [HTTP1, HTTP2] {
            let good = connector(&ca, identity_of(&ca.client("client1")))
                .alpn(alpn)
                .build()
                .unwrap();
            let length = request(Via::Hyper, &good, &url(address), body.clone())
                .await
                .unwrap();
            assert_eq!(length, size.to_string());

            let bad = connector(&ca, identity_of(&other.client("client1")))
                .tls_versions(TlsVersions::Only13)
                .alpn(alpn)
                .build()
                .unwrap();
            for round in 0..10 {
                let error = request(Via::Hyper, &bad, &url(address), body.clone())
                    .await
                    .unwrap_err();
                let alert = Some(AlertDescription::UnknownCA);
                let expected = ErrorKind::IdentityRejected { alert };
                assert_eq!(
                    *error.kind(),
                    expected,
                    "{size} {alpn:?} {round}: {error:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn hanging_up_right_after_our_certificate_is_a_refusal() {
    let ca = Ca::root("root");
    let server = ca.server("localhost");
    for body in [Bytes::new(), Bytes::from(vec![b'x'; 1 << 20])] {
        let address = serve(&server, Clients::HangUp).await;
        for versions in VERSIONS {
            for alpn in [HTTP1, HTTP2] {
                let connector = connector(&ca, identity_of(&ca.client("client1")))
                    .tls_versions(versions)
                    .alpn(alpn)
                    .build()
                    .unwrap();
                let error = request(Via::Hyper, &connector, &url(address), body.clone())
                    .await
                    .unwrap_err();
                let expected = ErrorKind::IdentityRejected { alert: None };
                assert_eq!(*error.kind(), expected, "{versions:?} {alpn:?}: {error:?}");
            }
        }
    }
}

#[tokio::test]
async fn the_reason_is_looked_for_in_our_own_certificate_before_it_is_told() {
    use CertificateError::{ApplicationVerificationFailure, BadEncoding, Expired, InvalidPurpose};
    let ca = Ca::root("root");
    let with = |change: fn(&mut CertificateParams)| ca.client("alice").with(change);
    let key_usage = with(|leaf| leaf.key_usages = vec![KeyUsagePurpose::KeyEncipherment]);
    let is_ca = with(|leaf| leaf.is_ca = IsCa::Ca(BasicConstraints::Unconstrained));
    let no_usage = with(|leaf| leaf.extended_key_usages.clear());
    let cases = [
        (InvalidPurpose, ca.client("alice"), "its log says why"),
        (
            InvalidPurpose,
            ca.server("alice.test"),
            "is for serverAuth only, not for clientAuth",
        ),
        (
            InvalidPurpose,
            no_usage,
            "no extended key usage: issue it again with clientAuth",
        ),
        (
            InvalidPurpose,
            key_usage.clone(),
            "probably because key usage of CN=alice lacks digitalSignature",
        ),
        (BadEncoding, key_usage.clone(), "lacks digitalSignature"),
        (
            ApplicationVerificationFailure,
            key_usage,
            "the server knows our certificate",
        ),
        (InvalidPurpose, is_ca, "CN=alice is a CA certificate"),
        (
            Expired,
            ca.client("alice").expired(),
            "probably because CN=alice expired at",
        ),
        (Expired, ca.client("alice"), "compare the clocks"),
        (Expired, ca.server("alice.test"), "compare the clocks"),
    ];
    for (reason, client, expected) in cases {
        let address = serve(&ca.server("localhost"), Clients::Refused(reason.clone())).await;
        for (versions, alpn, via) in ways() {
            let connector = connector(&ca, identity_of(&client))
                .tls_versions(versions)
                .alpn(alpn)
                .build()
                .unwrap();
            let got = request(via, &connector, &url(address), Bytes::new()).await;
            let said = got.unwrap_err().to_string();
            let case = format!("{expected:?} {reason:?} {versions:?} {alpn:?} {via:?}: {said}");
            assert!(said.contains(expected), "{case}");
            let by_the_way = said.contains("clientAuth");
            assert_eq!(by_the_way, expected.contains("clientAuth"), "{case}");
        }
    }
}

#[tokio::test]
async fn a_key_whose_signatures_the_server_does_not_accept_is_the_reason() {
    let ca = Ca::root("root");
    let address = serve(&ca.server("localhost"), Clients::Required(&ca, Vec::new())).await;
    let client = ca.client("client1").with_key(KeyKind::MlDsa65.generate());
    for (versions, accepted) in [(TlsVersions::Only13, true), (TlsVersions::Only12, false)] {
        let connector = connector(&ca, identity_of(&client))
            .tls_versions(versions)
            .build()
            .unwrap();
        let got = request(Via::Hyper, &connector, &url(address), Bytes::new()).await;
        match got {
            Ok(_) => assert!(accepted),
            Err(error) => {
                let is_rejected = matches!(error.kind(), ErrorKind::IdentityRejected { .. });
                assert!(!accepted && is_rejected, "{error}");
                assert!(
                    error.to_string().contains("ML-DSA needs TLS 1.3"),
                    "{error}"
                );
            }
        }
    }
}
