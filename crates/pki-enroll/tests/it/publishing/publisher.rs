//! CRLs are signed when they are due, by one process, and published as they are.

use std::time::Duration as StdDuration;

use pki_core::verify::{ChainVerifier, CrlSet, Purpose, Revocation, TrustAnchors, unix_time};
use pki_enroll::{CrlSchedule, PublishError, Publisher};
use pki_store::{IssuerState, Store, StoreUrl};
use rustls_pki_types::CertificateDer;
use time::{Duration, OffsetDateTime};
use tokio::sync::watch;
use tokio::time::timeout;
use x509_identity::Certificate;

use crate::support::ca::{Ca, Published, actor, published, revoke};
use crate::support::http::{PATIENCE, get, send};

const ISSUING: &str = "/crl/default-issuing-0.crl";
const ROOT: &str = "/crl/default-root-0.crl";

fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

/// Whether a server accepts this certificate that has read `/crl/all.pem`.
fn is_accepted(ca: &Ca, published: &Published, leaf: &Certificate) -> bool {
    let bundle = published.publication.get("/crl/all.pem").unwrap();
    let crls = CrlSet::from_pem_or_der([bundle.bytes()]).unwrap();
    let der = |certificate: &Certificate| CertificateDer::from(certificate.der().to_vec());
    let anchors = TrustAnchors::from_certs([&der(ca.root.authority().certificate())]).unwrap();
    let verifier = ChainVerifier::builder(anchors, Purpose::TlsClient)
        .revocation(Revocation::new(crls))
        .build();
    let issuing = der(ca.issuing.authority().certificate());
    let verified = verifier.verify(&der(leaf), &[issuing], unix_time(now()));
    verified.is_ok()
}

/// The number of the CRL under a path.
async fn number(ca: &Ca, issuing: bool) -> u64 {
    let issuer = if issuing { &ca.issuing } else { &ca.root };
    let latest = ca.store.latest_crl(issuer.issuer().id, 0).await.unwrap();
    latest.map_or(0, |crl| crl.number)
}

#[tokio::test]
async fn everything_is_published_and_a_server_accepts_by_it() {
    let ca = Ca::new().await;
    let (good, revoked) = (ca.client("good").await, ca.client("revoked").await);
    ca.revoke(&revoked.certificate).await;
    let (mut publisher, published) = ca.publisher();
    publisher.refresh(now()).await.unwrap();
    assert_eq!(
        published.publication.paths(),
        [
            "/ca/default-issuing.crt",
            "/ca/default-issuing.pem",
            "/ca/default-root.crt",
            "/ca/default-root.pem",
            "/crl/all.pem",
            ISSUING,
            ROOT,
        ]
    );
    assert!(is_accepted(&ca, &published, &good.certificate));
    assert!(!is_accepted(&ca, &published, &revoked.certificate));

    let server = published.serve().await;
    let fetch = async |path: &str| get(server.local_addr(), path, &[]).await;
    let der = fetch("/ca/default-issuing.crt").await;
    assert_eq!(der.field("content-type"), "application/pkix-cert");
    assert_eq!(&der.body[..], ca.issuing.authority().certificate().der());
    let crl = fetch(ISSUING).await;
    assert_eq!(crl.field("content-type"), "application/pkix-crl");
    let chain = fetch("/ca/default-issuing.pem").await;
    assert_eq!(
        chain.field("content-type"),
        "application/pem-certificate-chain"
    );
    let chain = String::from_utf8(chain.body.to_vec()).unwrap();
    assert_eq!(chain.matches("BEGIN CERTIFICATE").count(), 2);
    let health = fetch("/healthz").await;
    assert_eq!(health.status.as_u16(), 200);
    assert!(health.body.starts_with(b"{"));
}

#[tokio::test]
async fn a_crl_is_signed_again_when_its_time_has_come_or_somebody_is_revoked() {
    let ca = Ca::new().await;
    let client = ca.client("client").await;
    let (mut publisher, published) = ca.publisher();
    let start = now();
    for (after, revoked, numbers) in [
        (Duration::ZERO, false, (1, 1)),
        (Duration::HOUR, false, (1, 1)),
        (Duration::hours(2), true, (2, 1)),
        (Duration::hours(23), false, (2, 1)),
        (Duration::hours(24), false, (2, 2)),
        (Duration::hours(26), false, (3, 2)),
        (Duration::days(30), false, (4, 3)),
    ] {
        if revoked {
            ca.revoke(&client.certificate).await;
        }
        publisher.refresh(start + after).await.unwrap();
        let found = (number(&ca, true).await, number(&ca, false).await);
        assert_eq!(found, numbers, "after {after}");
    }
    let document = published.publication.get(ISSUING).unwrap();
    let stored = ca
        .store
        .latest_crl(ca.issuing.issuer().id, 0)
        .await
        .unwrap();
    assert_eq!(document.bytes()[..], stored.unwrap().der);
}

#[tokio::test]
async fn a_clock_that_was_ahead_leaves_no_crl_of_the_future() {
    let ca = Ca::new().await;
    let (mut publisher, _published) = ca.publisher();
    publisher.refresh(now() + Duration::days(2)).await.unwrap();
    publisher.refresh(now()).await.unwrap();
    assert_eq!(number(&ca, true).await, 2);
}

#[tokio::test]
async fn only_the_partition_of_a_revoked_certificate_is_signed_again() {
    let ca = Ca::with_partitions(4, now()).await;
    let client = ca.client("client").await;
    let (mut publisher, published) = ca.publisher();
    publisher.refresh(now()).await.unwrap();
    let numbers = async || {
        let mut numbers = Vec::new();
        for partition in 0..4 {
            let crl = ca.store.latest_crl(ca.issuing.issuer().id, partition).await;
            numbers.push(crl.unwrap().unwrap().number);
        }
        numbers
    };
    assert_eq!(numbers().await, [1, 1, 1, 1]);
    ca.revoke(&client.certificate).await;
    publisher.refresh(now()).await.unwrap();
    let mut expected = [1, 1, 1, 1];
    expected[client.record.partition as usize] = 2;
    assert_eq!(numbers().await, expected);
    assert!(!is_accepted(&ca, &published, &client.certificate));
}

#[tokio::test]
async fn what_one_process_signs_all_publish() {
    let ca = Ca::new().await;
    let client = ca.client("client").await;
    let (mut signer, _first) = ca.publisher();
    signer.refresh(now()).await.unwrap();
    let other = ca.reopened().await;
    let (mut reader, second) = published(&other, []);
    reader.refresh(now()).await.unwrap();
    assert!(is_accepted(&ca, &second, &client.certificate));
    revoke(&other, &client.certificate).await;
    // Nobody has signed yet.
    reader.refresh(now()).await.unwrap();
    assert!(is_accepted(&ca, &second, &client.certificate));
    signer.refresh(now()).await.unwrap();
    reader.refresh(now()).await.unwrap();
    assert!(!is_accepted(&ca, &second, &client.certificate));
    assert_eq!(number(&ca, true).await, 2);
}

#[tokio::test]
async fn two_processes_with_the_key_do_not_sign_at_once() {
    let ca = Ca::new().await;
    let other = ca.reopened().await;
    let issuing = pki_store::CertificateAuthority::new(ca.copy_of_issuing(), other.clone());
    let (mut first, _) = ca.publisher();
    let (mut second, _) = published(&other, [issuing.await.unwrap()]);
    let moment = now();
    let (a, b) = tokio::join!(first.refresh(moment), second.refresh(moment));
    a.unwrap();
    b.unwrap();
    assert_eq!(number(&ca, true).await, 1);
}

#[tokio::test]
async fn whoever_waits_for_a_crl_has_it_soon_after_a_revocation() {
    let ca = Ca::new().await;
    let client = ca.client("client").await;
    let (publisher, published) = ca.publisher();
    let server = published.serve().await;
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(publisher.run(stopped));
    let address = server.local_addr();
    let first = async {
        loop {
            let response = get(address, "/crl/all.pem", &[]).await;
            if response.status.as_u16() == 200 {
                return response.field("etag").to_owned();
            }
            tokio::time::sleep(StdDuration::from_millis(20)).await;
        }
    };
    let etag = timeout(PATIENCE, first).await.unwrap();
    let headers = [("if-none-match", etag.as_str()), ("prefer", "wait=60")];
    let waiting = send(
        address,
        "HEAD",
        "/crl/all.pem",
        &headers,
        axum::body::Body::empty(),
    );
    // Another process revokes.
    let other = ca.reopened().await;
    let (response, ()) = tokio::join!(
        timeout(PATIENCE, waiting),
        revoke(&other, &client.certificate)
    );
    assert_eq!(response.unwrap().status.as_u16(), 200);
    assert!(!is_accepted(&ca, &published, &client.certificate));
    stop.send_replace(true);
    timeout(PATIENCE, running).await.unwrap().unwrap();
}

#[tokio::test]
async fn what_cannot_be_signed_leaves_the_last_one_and_is_reported() {
    let ca = Ca::new().await;
    let client = ca.client("client").await;
    let (mut publisher, published) = ca.publisher();
    publisher.refresh(now()).await.unwrap();
    let before = published.publication.get(ISSUING).unwrap();
    // A lifetime that no CRL can have.
    let schedule = CrlSchedule {
        lifetime: Duration::ZERO,
        ..CrlSchedule::default()
    };
    let mut publisher: Publisher = publisher.schedule(schedule);
    ca.revoke(&client.certificate).await;
    let failures = publisher.refresh(now()).await.unwrap_err();
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert!(failures[0].to_string().contains(ISSUING));
    let after = published.publication.get(ISSUING).unwrap();
    assert_eq!(before.bytes(), after.bytes());
}

#[tokio::test]
async fn the_last_crl_of_a_retired_issuer_stays_until_it_lapses() {
    let ca = Ca::new().await;
    let (mut publisher, published) = ca.publisher();
    publisher.refresh(now()).await.unwrap();
    let id = ca.issuing.issuer().id;
    let retired = IssuerState::Retired;
    let by = actor();
    let set = ca.store.set_issuer_state(id, retired, &by, now());
    set.await.unwrap();
    let crls = |published: &Published| {
        let bundle = published.publication.get("/crl/all.pem").unwrap();
        let pem = String::from_utf8(bundle.bytes().to_vec()).unwrap();
        pem.matches("BEGIN X509 CRL").count()
    };
    publisher.refresh(now() + Duration::days(2)).await.unwrap();
    assert_eq!(crls(&published), 2);
    assert_eq!(number(&ca, true).await, 1, "it signs no more");
    // A process that was started after that knows it, too.
    let (mut other, by_other) = ca.publisher();
    other.refresh(now() + Duration::days(6)).await.unwrap();
    assert_eq!(crls(&by_other), 2);
    publisher.refresh(now() + Duration::days(8)).await.unwrap();
    assert_eq!(crls(&published), 1);
    let server = published.serve().await;
    let health = get(server.local_addr(), "/healthz", &[]).await;
    assert!(!String::from_utf8_lossy(&health.body).contains(ISSUING));
}

#[tokio::test]
async fn a_process_that_publishes_no_crl_is_not_in_order() {
    let directory = tempfile::tempdir().unwrap();
    let empty = StoreUrl::Sqlite(directory.path().join("store.db"));
    let empty = Store::open(&empty).await.unwrap();
    let ca = Ca::new().await;
    for store in [&empty, &ca.store] {
        let (mut publisher, published) = published(store, []);
        let failures = publisher.refresh(now()).await.unwrap_err();
        assert!(
            matches!(failures[..], [PublishError::NoCrl]),
            "{failures:?}"
        );
        let (_stop, stopped) = watch::channel(false);
        let running = tokio::spawn(publisher.run(stopped));
        let server = published.serve().await;
        let failing = async || {
            let health = get(server.local_addr(), "/healthz", &[]).await;
            let said = String::from_utf8_lossy(&health.body).into_owned();
            (health.status.as_u16(), said.contains("no CRL is published"))
        };
        let found = async {
            while failing().await != (503, true) {
                tokio::time::sleep(StdDuration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, found).await.unwrap();
        running.abort();
    }
    let (mut publisher, _) = published(&ca.store, [ca.issuing.clone()]);
    publisher.refresh(now()).await.unwrap();
}

#[tokio::test]
async fn other_authorities_are_used_as_soon_as_they_are_sent() {
    let ca = Ca::new().await;
    let (publisher, published) = ca.publisher();
    let (keys, received) = watch::channel(vec![ca.root.clone()]);
    let (_stop, stopped) = watch::channel(false);
    let running = tokio::spawn(publisher.authorities_from(received).run(stopped));
    let until = async |path: &str| {
        let found = async {
            while published.publication.get(path).is_none() {
                tokio::time::sleep(StdDuration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, found).await
    };
    until(ROOT).await.unwrap();
    assert!(
        published.publication.get(ISSUING).is_none(),
        "without its key"
    );
    keys.send_replace(vec![ca.root.clone(), ca.issuing.clone()]);
    until(ISSUING).await.unwrap();
    running.abort();
}
