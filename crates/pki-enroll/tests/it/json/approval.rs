//! Requests that somebody has to approve.

use reqwest::Response;
use time::{Duration, OffsetDateTime};
use x509_identity::Certificate;

use crate::support::ca::{actor, key};
use crate::support::enrollment::{Enrolling, csr, expect, refused};

async fn ask(enrolling: &Enrolling, token: &str, id: &str) -> Response {
    let url = enrolling.url(&format!("/v1/requests/{id}"));
    let request = enrolling.client(None).get(url).bearer_auth(token);
    request.send().await.unwrap()
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
    let second = enrolling.enroll(&token, &csr(&crate::support::ca::key(), "sensor-7", &[]));
    refused(second.send().await.unwrap(), 403, "token_used").await;

    enrolling.approve().await;
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
    enrolling.deny("it was returned").await;
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
    // The denial is in the log, and asking again is no decision.
    assert!(enrolling.refusals().await.is_empty());
}

#[tokio::test]
async fn what_waits_gets_nothing_once_its_token_is_revoked() {
    for (approved, fetched) in [(false, false), (true, false), (true, true)] {
        let enrolling = Enrolling::new().await;
        let (record, token) = enrolling
            .new_token(1, "approved", &["sensor-7"], 1, Duration::HOUR)
            .await;
        let asked = csr(&key(), "sensor-7", &[]);
        let pending = expect(enrolling.enroll(&token, &asked).send().await.unwrap(), 202).await;
        let id = pending["id"].as_str().unwrap();
        if approved {
            enrolling.approve().await;
        }
        if fetched {
            expect(ask(&enrolling, &token, id).await, 201).await;
        }
        let (store, now) = (&enrolling.ca.store, OffsetDateTime::now_utc());
        let revoked = store
            .revoke_token("default", record.id, &actor(), now)
            .await;
        revoked.unwrap();
        let again = enrolling.enroll(&token, &asked).send().await.unwrap();
        for response in [ask(&enrolling, &token, id).await, again] {
            if fetched {
                expect(response, 201).await;
                continue;
            }
            let problem = refused(response, 403, "request_denied").await;
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.contains("the token was revoked"), "{detail}");
        }
        assert!(enrolling.waiting().await.is_empty());
    }
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
    enrolling.approve().await;
    enrolling.swap_csr();
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
