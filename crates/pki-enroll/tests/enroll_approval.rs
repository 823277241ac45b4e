//! Requests that somebody has to approve.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use pki_store::ApprovalRequest;
use reqwest::Response;
use support::ca::{actor, key};
use support::enrollment::{Enrolling, csr, expect, refused};
use time::{Duration, OffsetDateTime};
use x509_identity::Certificate;

async fn ask(enrolling: &Enrolling, token: &str, id: &str) -> Response {
    let url = enrolling.url(&format!("/v1/requests/{id}"));
    let request = enrolling.client(None).get(url).bearer_auth(token);
    request.send().await.unwrap()
}

/// What somebody sees of a request before he decides.
async fn seen(enrolling: &Enrolling, id: &str) -> ApprovalRequest {
    let (store, now) = (&enrolling.ca.store, OffsetDateTime::now_utc());
    let seen = store.approval("default", id.parse().unwrap(), now);
    seen.await.unwrap().unwrap()
}

async fn approve(enrolling: &Enrolling, id: &str) {
    let (seen, now) = (seen(enrolling, id).await, OffsetDateTime::now_utc());
    let (store, actor) = (&enrolling.ca.store, actor());
    let approved = store.approve("default", seen.id, seen.csr_sha256, &actor, now);
    approved.await.unwrap();
}

#[tokio::test]
async fn a_request_waits_until_somebody_approves() {
    let enrolling = Enrolling::new().await;
    let token = enrolling
        .token(1, "approved", &["sensor-7"], Duration::HOUR)
        .await;
    let key = key();
    let asked = csr(&key, "sensor-7", &[]);
    let response = enrolling.enroll(&token, &asked).send().await.unwrap();
    assert_eq!(response.headers()["retry-after"], "2");
    let location = response.headers()["location"].to_str().unwrap().to_owned();
    let pending = expect(response, 202).await;
    let id = pending["id"].as_str().unwrap();
    assert_eq!(location, format!("/v1/requests/{id}"));
    // Whoever posts again waits for the same one.
    let again = enrolling.enroll(&token, &asked).send().await.unwrap();
    assert_eq!(expect(again, 202).await, pending);
    assert_eq!(
        expect(ask(&enrolling, &token, id).await, 202).await,
        pending
    );
    let second = enrolling.enroll(&token, &csr(&support::ca::key(), "sensor-7", &[]));
    refused(second.send().await.unwrap(), 403, "token_used").await;

    approve(&enrolling, id).await;
    let issued = expect(ask(&enrolling, &token, id).await, 201).await;
    let leaf = Certificate::from_pem(issued["chain"].as_str().unwrap().as_bytes()).unwrap();
    assert_eq!(leaf.spki_der(), key.public_key_der());
    assert_eq!(expect(ask(&enrolling, &token, id).await, 201).await, issued);
    let again = enrolling.enroll(&token, &asked).send().await.unwrap();
    assert_eq!(expect(again, 201).await, issued);
    // Somebody else's token is nobody's business here.
    let other = enrolling
        .token(2, "approved", &["sensor-8"], Duration::HOUR)
        .await;
    refused(ask(&enrolling, &other, id).await, 404, "not_found").await;
    refused(ask(&enrolling, &token, "999").await, 404, "not_found").await;
    refused(
        ask(&enrolling, "guess", id).await,
        401,
        "credential_refused",
    )
    .await;
}

#[tokio::test]
async fn what_is_denied_stays_denied_and_says_why() {
    let enrolling = Enrolling::new().await;
    let token = enrolling
        .token(1, "approved", &["sensor-7"], Duration::HOUR)
        .await;
    let asked = csr(&key(), "sensor-7", &[]);
    let pending = expect(enrolling.enroll(&token, &asked).send().await.unwrap(), 202).await;
    let id = pending["id"].as_str().unwrap();
    let (store, now) = (&enrolling.ca.store, OffsetDateTime::now_utc());
    let seen = seen(&enrolling, id).await;
    store
        .deny(
            "default",
            seen.id,
            seen.csr_sha256,
            "it was returned",
            &actor(),
            now,
        )
        .await
        .unwrap();
    let problem = refused(ask(&enrolling, &token, id).await, 403, "request_denied").await;
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("it was returned"),
        "{problem}"
    );
    let again = enrolling.enroll(&token, &asked).send().await.unwrap();
    refused(again, 403, "request_denied").await;
}

#[tokio::test]
async fn a_request_that_was_swapped_after_it_was_approved_is_not_issued() {
    let enrolling = Enrolling::new().await;
    let token = enrolling
        .token(1, "approved", &["sensor-7"], Duration::HOUR)
        .await;
    let asked = csr(&key(), "sensor-7", &[]);
    let pending = expect(enrolling.enroll(&token, &asked).send().await.unwrap(), 202).await;
    let id = pending["id"].as_str().unwrap();
    approve(&enrolling, id).await;
    let other = csr(&key(), "sensor-7", &[]);
    let other = pki_core::CertificateRequest::from_pem(other.as_bytes()).unwrap();
    let database = rusqlite::Connection::open(enrolling.ca.directory.path().join("store.db"));
    let database = database.unwrap();
    let swapped = database.execute("UPDATE approvals SET csr = ?1", [other.der()]);
    assert_eq!(swapped.unwrap(), 1);
    drop(database);
    let problem = refused(ask(&enrolling, &token, id).await, 400, "malformed").await;
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("not the one that was approved")
    );
    assert_eq!(enrolling.refusals().await.len(), 1);
}

#[tokio::test]
async fn what_the_profile_refuses_does_not_wait() {
    let enrolling = Enrolling::new().await;
    let token = enrolling.token(1, "approved", &[], Duration::HOUR).await;
    let request = enrolling.enroll(&token, &csr(&key(), "a,O=Operators", &[]));
    refused(request.send().await.unwrap(), 403, "refused_by_policy").await;
    expect(
        enrolling
            .enroll(&token, &csr(&key(), "a", &[]))
            .send()
            .await
            .unwrap(),
        202,
    )
    .await;
}
