//! EST: requests that somebody has to approve, and limits.

use pki_core::KeyPair;
use pki_enroll::EnrollLimits;
use reqwest::Client;
use time::Duration;
use x509_identity::Certificate;

use crate::support::ca::key;
use crate::support::enrollment::{Enrolling, Presented};
use crate::support::est::{certificates, est_csr, plainly_refused};

#[tokio::test]
async fn the_same_request_waits_until_somebody_approves() {
    let enrolling = Enrolling::new().await;
    let token = enrolling
        .token(1, "approved", &["router-1"], Duration::HOUR)
        .await;
    let key = key();
    let body = est_csr(&key, "router-1", &[]);
    for form in [body.clone(), format!("{body}\r\n")] {
        let response = enrolling.est_enroll(&token, &form).await;
        assert_eq!(response.status().as_u16(), 202);
        assert_eq!(response.headers()["retry-after"], "2");
    }
    assert_eq!(enrolling.waiting().await.len(), 1);
    // Another one is another request, and the token is used up.
    let other = est_csr(&crate::support::ca::key(), "router-1", &[]);
    plainly_refused(enrolling.est_enroll(&token, &other).await, 403).await;
    enrolling.approve().await;
    let issued = certificates(enrolling.est_enroll(&token, &body).await).await;
    assert_eq!(issued[0].spki_der(), key.public_key_der());
    let again = certificates(enrolling.est_enroll(&token, &body).await).await;
    assert_eq!(again, issued);
    assert_eq!(enrolling.refusals().await.len(), 1);
}

#[tokio::test]
async fn who_is_denied_is_told_why() {
    let enrolling = Enrolling::new().await;
    let token = enrolling
        .token(1, "approved", &["router-1"], Duration::HOUR)
        .await;
    let body = est_csr(&key(), "router-1", &[]);
    enrolling.est_enroll(&token, &body).await;
    let reason = "it was returned";
    enrolling.deny(reason).await;
    let text = plainly_refused(enrolling.est_enroll(&token, &body).await, 403).await;
    assert!(text.contains(reason), "{text}");
    assert!(enrolling.refusals().await.is_empty());
}

#[tokio::test]
async fn a_request_that_was_swapped_is_not_issued() {
    let enrolling = Enrolling::new().await;
    let token = enrolling
        .token(1, "approved", &["router-1"], Duration::HOUR)
        .await;
    let body = est_csr(&key(), "router-1", &[]);
    enrolling.est_enroll(&token, &body).await;
    enrolling.approve().await;
    enrolling.swap_csr();
    let text = plainly_refused(enrolling.est_enroll(&token, &body).await, 400).await;
    assert!(text.contains("not the one that was approved"), "{text}");
    assert_eq!(enrolling.refusals().await.len(), 1);
}

#[tokio::test]
async fn of_a_thousand_requests_a_hundred_wait() {
    let mut limits = EnrollLimits::default();
    (limits.per_address, limits.per_requester) = (100_000, 100_000);
    let enrolling = Enrolling::with(limits).await;
    let (_, token) = enrolling
        .new_token(1, "approved", &["router-1"], 1000, Duration::HOUR)
        .await;
    let client = enrolling.client(None);
    let mut refused = 0;
    for number in 0..103 {
        let request = client.post(enrolling.est_url("simpleenroll"));
        let request = request.header("content-type", "application/pkcs10");
        let request = request.body(est_csr(&key(), "router-1", &[]));
        let response = request.basic_auth("", Some(&token)).send().await.unwrap();
        if number < 100 {
            assert_eq!(response.status().as_u16(), 202, "{number}");
        } else {
            plainly_refused(response, 429).await;
            refused += 1;
        }
    }
    let refusals = enrolling.refusals().await;
    assert_eq!(refusals.len(), refused, "{refusals:#?}");
    assert!(refusals[0].contains("100"), "{refusals:?}");
    let (_, other) = enrolling
        .new_token(2, "approved", &["router-2"], 1, Duration::HOUR)
        .await;
    let body = est_csr(&key(), "router-2", &[]);
    let response = enrolling.est_enroll(&other, &body).await;
    assert_eq!(response.status().as_u16(), 202);
}

#[tokio::test]
async fn of_a_certificate_and_those_that_renew_it_a_hundred_wait() {
    let mut limits = EnrollLimits::default();
    (limits.per_address, limits.per_requester) = (100_000, 100_000);
    let enrolling = Enrolling::with(limits).await;
    let mut next = (**enrolling.replace.borrow()).clone();
    let factory = next.profiles.get_mut("factory").unwrap();
    *factory = factory.clone().enrolls_for(["approved"]);
    enrolling.replace.send_replace(next.into());
    let mut first = enrolling.enrolled_as(1, "factory", "router-1", &[]).await;
    let leaf = Certificate::from_pem(first.chain.as_bytes()).unwrap();
    first.chain = pki_core::certificate_pem(&leaf);
    let ask = async |client: &Client, operation: &str, key: &KeyPair| {
        let request = client.post(enrolling.est_url(operation));
        let request = request.header("content-type", "application/pkcs10");
        let request = request.body(est_csr(key, "router-1", &[]));
        request.send().await.unwrap()
    };
    let client = enrolling.client(Some(&first));
    for number in 0..100 {
        let response = ask(&client, "simpleenroll", &key()).await;
        assert_eq!(response.status().as_u16(), 202, "{number}");
    }
    let new_key = key();
    let renewed = ask(&client, "simplereenroll", &new_key).await;
    let renewed = certificates(renewed).await;
    let renewed = Presented {
        chain: pki_core::certificate_pem(&renewed[0]),
        key: new_key,
    };
    for presented in [&renewed, &first] {
        let client = enrolling.client(Some(presented));
        let response = ask(&client, "simpleenroll", &key()).await;
        plainly_refused(response, 429).await;
    }
    let other = enrolling.enrolled_as(2, "factory", "router-1", &[]).await;
    let client = enrolling.client(Some(&other));
    let response = ask(&client, "simpleenroll", &key()).await;
    assert_eq!(response.status().as_u16(), 202);
}

#[tokio::test]
async fn ten_megabytes_are_refused() {
    let enrolling = Enrolling::new().await;
    let token = enrolling
        .token(1, "client", &["router-1"], Duration::HOUR)
        .await;
    let long = "M".repeat(64 * 1024 + 1);
    plainly_refused(enrolling.est_enroll(&token, &long).await, 413).await;
    let request = enrolling.est(None, "simpleenroll", "M".repeat(10 << 20));
    // The server may have closed the connection before all of it was sent.
    if let Ok(response) = request.basic_auth("", Some(&token)).send().await {
        plainly_refused(response, 413).await;
    }
    let refusals = enrolling.refusals().await;
    assert!(
        refusals[0].contains("more than 65536 bytes"),
        "{refusals:?}"
    );
}
