//! OCSP over HTTP: what was issued is good, what was revoked is revoked, and everything else is unknown.

use std::net::SocketAddr;

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pki_core::KeyKind;
use pki_core::ocsp::{CertIdHash, Nonce, OcspRequest, OcspStatus};
use pki_core::verify::RevocationReason;
use pki_enroll::HttpServer;
use pki_store::{Filter, Page};
use time::OffsetDateTime;
use x509_identity::Certificate;

use crate::support::ca::{Ca, Published};
use crate::support::http::{Response, get, send};

async fn serve(ca: &Ca) -> (HttpServer, Published) {
    let (mut publisher, published) = ca.publisher();
    publisher.refresh(OffsetDateTime::now_utc()).await.unwrap();
    (published.serve().await, published)
}

async fn post(address: SocketAddr, der: Vec<u8>) -> Response {
    let media_type = [("content-type", "application/ocsp-request")];
    send(address, "POST", "/ocsp", &media_type, Body::from(der)).await
}

/// The status in responses to a POST and a GET, with both hashes, with and without a nonce.
async fn status(
    address: SocketAddr,
    certificate: &Certificate,
    issuer: &Certificate,
) -> OcspStatus {
    let mut seen = Vec::new();
    for hash in [CertIdHash::Sha1, CertIdHash::Sha256] {
        let request = OcspRequest::for_certificate(certificate, issuer).hash(hash);
        for request in [request.clone().nonce(Nonce::random()), request] {
            let der = request.to_der().unwrap();
            let path = format!("/ocsp/{}", STANDARD.encode(&der));
            let encoded = path.replace('+', "%2B").replace('=', "%3D");
            for response in [
                post(address, der).await,
                get(address, &path, &[]).await,
                get(address, &encoded, &[]).await,
            ] {
                assert_eq!(response.status.as_u16(), 200);
                assert_eq!(response.field("content-type"), "application/ocsp-response");
                let now = OffsetDateTime::now_utc();
                let answer = request.verify(&response.body, now).unwrap();
                seen.push(answer.status());
            }
        }
    }
    assert!(seen.iter().all(|status| *status == seen[0]), "{seen:?}");
    seen[0]
}

#[tokio::test]
async fn only_what_was_issued_is_good() {
    let ca = Ca::new().await;
    let (good, revoked) = (ca.client("good").await, ca.client("revoked").await);
    ca.revoke(&revoked.certificate).await;
    let (server, _published) = serve(&ca).await;
    let address = server.local_addr();
    let (root, issuing) = (
        ca.root.authority().certificate(),
        ca.issuing.authority().certificate(),
    );
    for (certificate, issuer, good) in [
        (&good.certificate, issuing, true),
        (&ca.unknown(), issuing, false),
        (issuing, root, true),
    ] {
        let expected = if good {
            OcspStatus::Good
        } else {
            OcspStatus::Unknown
        };
        assert_eq!(status(address, certificate, issuer).await, expected);
    }
    let found = status(address, &revoked.certificate, issuing).await;
    assert!(
        matches!(
            found,
            OcspStatus::Revoked {
                reason: RevocationReason::Superseded,
                ..
            }
        ),
        "{found:?}"
    );
    // A revocation is known at once, whatever the timers do.
    ca.revoke(&good.certificate).await;
    let found = status(address, &good.certificate, issuing).await;
    assert!(matches!(found, OcspStatus::Revoked { .. }), "{found:?}");
}

#[tokio::test]
async fn what_is_no_request_or_about_others_is_told_so() {
    let (ca, other) = (Ca::new().await, Ca::new().await);
    let (server, _published) = serve(&ca).await;
    let address = server.local_addr();
    let stranger = other.client("stranger").await.certificate;
    let about_others =
        OcspRequest::for_certificate(&stranger, other.issuing.authority().certificate());
    let about_others = about_others.to_der().unwrap();
    let responses = [
        (post(address, about_others).await, 6),
        (post(address, b"garbage".to_vec()).await, 1),
        (post(address, Vec::new()).await, 1),
        (get(address, "/ocsp/MEEEE", &[]).await, 1),
        (get(address, "/ocsp/%%%", &[]).await, 1),
    ];
    for (response, status) in responses {
        assert_eq!(response.status.as_u16(), 200);
        assert_eq!(response.body[..], [0x30, 3, 0x0a, 1, status]);
        assert_eq!(response.field("cache-control"), "no-store");
    }
    for (media_type, length, status) in [
        ("text/plain", 10, 415),
        ("application/ocsp-request", (16 << 10) + 1, 413),
    ] {
        let headers = [("content-type", media_type)];
        let body = Body::from(vec![0; length]);
        let response = send(address, "POST", "/ocsp", &headers, body).await;
        assert_eq!(response.status.as_u16(), status, "{media_type}");
    }
    assert_eq!(get(address, "/ocsp", &[]).await.status.as_u16(), 405);
}

#[tokio::test]
async fn without_a_key_the_answer_is_to_try_later() {
    let ca = Ca::new().await;
    let good = ca.client("good").await.certificate;
    // What has the keys is another process.
    let (mut other, _) = ca.publisher();
    other.refresh(OffsetDateTime::now_utc()).await.unwrap();
    let (mut publisher, published) = crate::support::ca::published(&ca.store, []);
    publisher.refresh(OffsetDateTime::now_utc()).await.unwrap();
    let server = published.serve().await;
    let issuing = ca.issuing.authority().certificate();
    let request = OcspRequest::for_certificate(&good, issuing)
        .to_der()
        .unwrap();
    let response = post(server.local_addr(), request).await;
    assert_eq!(response.body[..], [0x30, 3, 0x0a, 1, 3]);
}

#[tokio::test]
async fn caches_may_keep_what_has_no_nonce_for_a_while() {
    let ca = Ca::new().await;
    let good = ca.client("good").await.certificate;
    let (server, _published) = serve(&ca).await;
    let address = server.local_addr();
    let request = OcspRequest::for_certificate(&good, ca.issuing.authority().certificate());
    let path =
        |request: &OcspRequest<'_>| format!("/ocsp/{}", STANDARD.encode(request.to_der().unwrap()));
    let reusable = get(address, &path(&request), &[]).await;
    assert_eq!(
        reusable.field("cache-control"),
        "public, max-age=60, must-revalidate, no-transform"
    );
    assert!(!reusable.field("etag").is_empty() && !reusable.field("last-modified").is_empty());
    let request = request.nonce(Nonce::random());
    let once = get(address, &path(&request), &[]).await;
    assert_eq!(once.field("cache-control"), "no-store");
}

#[tokio::test]
async fn a_responder_is_appointed_again_when_half_of_its_time_is_over() {
    let ca = Ca::new().await;
    let good = ca.client("good").await.certificate;
    let (mut publisher, published) = ca.publisher();
    let server = published.serve().await;
    let issuing = ca.issuing.authority().certificate();
    let request = OcspRequest::for_certificate(&good, issuing);
    let mut signers = Vec::new();
    for days in [0, 6, 8] {
        let then = OffsetDateTime::now_utc() + time::Duration::days(days);
        publisher.refresh(then).await.unwrap();
        let listed = responders(&ca).await;
        signers.push(listed);
        let response = post(server.local_addr(), request.to_der().unwrap()).await;
        // The one of the future is not valid yet.
        if days < 8 {
            let now = OffsetDateTime::now_utc();
            request.verify(&response.body, now).unwrap();
        }
    }
    // One for the root and one for the issuing CA, and then again.
    assert_eq!(signers, [2, 2, 4]);
}

async fn responders(ca: &Ca) -> usize {
    let filter = Filter {
        profile: Some("ocsp".to_owned()),
        ..Filter::default()
    };
    let now = OffsetDateTime::now_utc();
    let page = Page::default();
    let records = ca.store.certificates(&filter, page, now).await.unwrap();
    records.len()
}

#[tokio::test]
async fn the_responder_of_a_ca_of_ml_dsa_needs_nothing_else() {
    let ca = Ca::with_keys(KeyKind::MlDsa65, 1, OffsetDateTime::now_utc()).await;
    let alice = ca.client("alice").await;
    let (server, _published) = serve(&ca).await;
    let issuer = ca.issuing.issuer().certificate();
    let asked = status(server.local_addr(), &alice.certificate, issuer).await;
    assert_eq!(asked, OcspStatus::Good);
    let filter = Filter {
        profile: Some("ocsp".to_owned()),
        ..Filter::default()
    };
    let now = OffsetDateTime::now_utc();
    let page = Page::first(10);
    let responders = ca.store.certificates(&filter, page, now).await.unwrap();
    let kinds = responders.iter().map(|it| {
        let responder = Certificate::from_der(it.der.as_deref().unwrap()).unwrap();
        KeyKind::of_public_key(responder.public_key_algorithm()).unwrap()
    });
    let kinds: Vec<_> = kinds.collect();
    assert!(
        !kinds.is_empty() && kinds.iter().all(|it| *it == KeyKind::MlDsa65),
        "{kinds:?}"
    );
}
