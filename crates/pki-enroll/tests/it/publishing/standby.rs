//! A process on a standby: it answers for what has reached it, as of when it has, and with a key that it shares.

use axum::body::Body;
use pki_core::KeyPair;
use pki_core::ocsp::{OcspRequest, OcspStatus, UnsignedResponse};
use pki_enroll::{Health, HttpServer, Publication, Publisher, Responder};
use pki_store::{ClockState, Filter, Page, Store, StoreOptions};
use time::{Duration, OffsetDateTime};
use x509_identity::Certificate;

use crate::support::ca::{Ca, key, published};
use crate::support::http::send;

fn copy(key: &KeyPair) -> KeyPair {
    KeyPair::from_pem(key.secret_pkcs8_pem().as_bytes(), None).unwrap()
}

/// Has the CA's process appoint responders with this key.
async fn appoint(ca: &Ca, key: &KeyPair) {
    let (publisher, _) = published(&ca.store, [ca.root.clone(), ca.issuing.clone()]);
    let mut publisher = publisher.responder_key(copy(key));
    publisher.refresh(OffsetDateTime::now_utc()).await.unwrap();
}

/// What a process without the keys of the CA answers.
struct Standby {
    publisher: Publisher,
    server: HttpServer,
    health: Health,
    issuer: Certificate,
}

impl Standby {
    async fn new(ca: &Ca, key: Option<&KeyPair>) -> Self {
        let store = StoreOptions::new(ca.store.url().clone()).read_only();
        let store = store.open().await.unwrap();
        let responder = Responder::on_standby(store.clone(), Duration::HOUR);
        let health = Health::default();
        let publisher = Publisher::new(store, Publication::new(), responder.clone());
        let mut publisher = publisher.health(health.clone());
        if let Some(key) = key {
            publisher = publisher.responder_key(copy(key));
        }
        publisher.refresh(OffsetDateTime::now_utc()).await.unwrap();
        let server = crate::support::http::serve(pki_enroll::ocsp(responder), Default::default());
        Self {
            publisher,
            server: server.await,
            health,
            issuer: ca.issuing.authority().certificate().clone(),
        }
    }

    /// The status and its thisUpdate; `None` for tryLater.
    async fn says(&self, certificate: &Certificate) -> Option<(OcspStatus, OffsetDateTime)> {
        let request = OcspRequest::for_certificate(certificate, &self.issuer);
        let media_type = [("content-type", "application/ocsp-request")];
        let body = Body::from(request.to_der().unwrap());
        let address = self.server.local_addr();
        let response = send(address, "POST", "/ocsp", &media_type, body).await;
        if *response.body == UnsignedResponse::TryLater.to_der() {
            return None;
        }
        let now = OffsetDateTime::now_utc();
        let answer = request.verify(&response.body, now).unwrap();
        Some((answer.status(), answer.this_update()))
    }
}

/// Two of them, so that the clock is known to be right.
async fn beat(store: &Store, now: OffsetDateTime) {
    for _ in 0..2 {
        assert_eq!(store.beat("ca", now).await.unwrap(), ClockState::Agrees);
    }
}

#[tokio::test]
async fn a_standby_answers_as_of_the_last_time_that_it_has_heard_of() {
    let ca = Ca::new().await;
    let (good, revoked) = (ca.client("good").await, ca.client("revoked").await);
    ca.revoke(&revoked.certificate).await;
    let key = key();
    appoint(&ca, &key).await;
    let standby = Standby::new(&ca, Some(&key)).await;
    // Nobody has said what time it is.
    assert_eq!(standby.says(&good.certificate).await, None);
    let heard = OffsetDateTime::now_utc() - Duration::minutes(10);
    let heard = heard.replace_nanosecond(0).unwrap();
    beat(&ca.store, heard).await;
    assert_eq!(
        standby.says(&good.certificate).await,
        Some((OcspStatus::Good, heard))
    );
    let said = standby.says(&revoked.certificate).await;
    assert!(
        matches!(said, Some((OcspStatus::Revoked { .. }, at)) if at == heard),
        "{said:?}"
    );
    // What it does not know may not have reached it.
    assert_eq!(standby.says(&ca.unknown()).await, None);
}

#[tokio::test]
async fn what_a_standby_heard_long_ago_is_no_answer() {
    let ca = Ca::new().await;
    let good = ca.client("good").await;
    let key = key();
    appoint(&ca, &key).await;
    let mut standby = Standby::new(&ca, Some(&key)).await;
    let now = OffsetDateTime::now_utc();
    beat(&ca.store, now - Duration::minutes(61)).await;
    assert_eq!(standby.says(&good.certificate).await, None);
    standby.publisher.refresh(now).await.unwrap();
    let server = crate::support::http::serve(
        pki_enroll::health(standby.health.clone()),
        Default::default(),
    );
    let server = server.await;
    let said = crate::support::http::get(server.local_addr(), "/healthz", &[]).await;
    assert_eq!(said.status.as_u16(), 200);
    let said: serde_json::Value = serde_json::from_slice(&said.body).unwrap();
    assert_eq!(said["status"], "degraded");
    assert!(said["known_until"].is_string(), "{said}");
    beat(&ca.store, now).await;
    assert!(standby.says(&good.certificate).await.is_some());
}

#[tokio::test]
async fn only_the_shared_key_answers() {
    let ca = Ca::new().await;
    let good = ca.client("good").await;
    let (shared, other) = (key(), key());
    appoint(&ca, &shared).await;
    beat(&ca.store, OffsetDateTime::now_utc()).await;
    for (key, answers) in [(None, false), (Some(&other), false), (Some(&shared), true)] {
        let standby = Standby::new(&ca, key).await;
        let said = standby.says(&good.certificate).await;
        assert_eq!(said.is_some(), answers);
    }
}

#[tokio::test]
async fn processes_with_one_key_appoint_one_responder_for_each_issuer() {
    let ca = Ca::new().await;
    let shared = key();
    for _ in 0..3 {
        appoint(&ca, &shared).await;
    }
    let filter = Filter {
        profile: Some("ocsp".into()),
        ..Filter::default()
    };
    let now = OffsetDateTime::now_utc();
    let found = ca.store.certificates(&filter, Page::default(), now).await;
    assert_eq!(found.unwrap().len(), 2);
}

#[tokio::test]
async fn a_responder_whose_clock_is_wrong_does_not_answer() {
    let ca = Ca::new().await;
    let good = ca.client("good").await;
    let (mut publisher, published) = ca.publisher();
    let now = OffsetDateTime::now_utc();
    publisher.refresh(now).await.unwrap();
    let server = published.serve().await;
    let issuer = ca.issuing.authority().certificate();
    let request = OcspRequest::for_certificate(&good.certificate, issuer);
    let asked = async || {
        let media_type = [("content-type", "application/ocsp-request")];
        let body = Body::from(request.to_der().unwrap());
        let response = send(server.local_addr(), "POST", "/ocsp", &media_type, body).await;
        *response.body != UnsignedResponse::TryLater.to_der()
    };
    assert!(asked().await);
    let others = [ca.reopened().await, ca.reopened().await];
    let mut state = ClockState::Unknown;
    for _ in 0..4 {
        for other in &others {
            other.beat("other", now + Duration::HOUR).await.unwrap();
        }
        state = ca.store.beat("ca", now).await.unwrap();
    }
    assert!(matches!(state, ClockState::Wrong { .. }), "{state:?}");
    assert!(!asked().await);
    // Nor are CRLs signed.
    let later = now + Duration::DAY * 2;
    assert!(publisher.refresh(later).await.is_err());
}
