//! Limits: on what is sent, how fast, and how often; and what is not there.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::Request;
use http_body_util::BodyExt as _;
use pki_enroll::EnrollLimits;
use serde_json::{Value, json};
use x509_identity::Certificate;

use crate::support::ca::key;
use crate::support::enrollment::{Enrolling, Presented, csr, expect, refused};

#[tokio::test]
async fn ten_megabytes_are_refused_before_they_are_read() {
    let enrolling = Enrolling::new().await;
    let token = enrolling
        .token(1, "client", &["a"], time::Duration::HOUR)
        .await;
    let post = |body: Vec<u8>| {
        let request = enrolling.client(None).post(enrolling.url("/v1/enroll"));
        let request = request.bearer_auth(&token);
        request
            .header("content-type", "application/json")
            .body(body)
            .send()
    };
    refused(
        post(vec![b' '; 64 * 1024 + 1]).await.unwrap(),
        413,
        "too_large",
    )
    .await;
    // The server may have closed the connection before all of it was sent.
    if let Ok(response) = post(vec![b' '; 10 << 20]).await {
        refused(response, 413, "too_large").await;
    }
    refused(post(vec![b' '; 64 * 1024]).await.unwrap(), 400, "malformed").await;
    let refusals = enrolling.refusals().await;
    assert!(
        refusals[0].contains("the request has more than 65536 bytes"),
        "{refusals:?}"
    );
}

#[tokio::test]
async fn a_body_that_does_not_end_is_refused() {
    let ca = crate::support::ca::Ca::new().await;
    let mut limits = EnrollLimits::default();
    limits.body = Duration::from_millis(50);
    let enrolling = pki_enroll::EnrollmentCa {
        authority: ca.issuing.clone(),
        profiles: Default::default(),
        roots: vec![],
    };
    let service = pki_enroll::Enrollment::new(enrolling).limits(limits);
    let router = pki_enroll::enrollment(service);
    let request = Request::post("/v1/enroll").header("content-type", "application/json");
    let request = request.body(Body::new(Endless)).unwrap();
    let response = tower_service::Service::call(&mut router.clone(), request)
        .await
        .unwrap();
    assert_eq!(response.status().as_u16(), 408);
    let body: Bytes = response.into_body().collect().await.unwrap().to_bytes();
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["type"], "too_slow");
    let rows = ca.store.audit(0, 100).await.unwrap();
    let refused = rows.last().unwrap();
    assert_eq!(refused.event, "refused");
    assert!(
        refused.detail.contains("not complete in time"),
        "{}",
        refused.detail
    );
}

/// A body whose end nobody sends.
struct Endless;

impl http_body::Body for Endless {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        std::task::Poll::Pending
    }
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_come_again() {
    let mut limits = EnrollLimits::default();
    limits.per_address = 5;
    limits.per_requester = 2;
    let enrolling = Enrolling::with(limits).await;
    let (_, token) = enrolling
        .new_token(1, "client", &["a"], 10, time::Duration::HOUR)
        .await;
    let send = async || {
        let request = enrolling.enroll(&token, &csr(&key(), "a", &[]));
        request.send().await.unwrap()
    };
    let seconds = |response: &reqwest::Response| {
        let text = response.headers()["retry-after"].to_str().unwrap();
        text.parse::<u64>().unwrap()
    };
    expect(send().await, 201).await;
    expect(send().await, 201).await;
    let third = send().await;
    assert!((20..=31).contains(&seconds(&third)));
    refused(third, 429, "too_many_requests").await;
    refused(send().await, 429, "too_many_requests").await;
    // An address has more, and an end, too.
    let anybody = enrolling.client(None).get(enrolling.url("/v1/ca"));
    expect(anybody.send().await.unwrap(), 200).await;
    let sixth = enrolling.client(None).get(enrolling.url("/v1/ca"));
    let sixth = sixth.send().await.unwrap();
    assert!((1..=13).contains(&seconds(&sixth)));
    refused(sixth, 429, "too_many_requests").await;
    // One row for each who was refused, and not for each refusal.
    let refusals = enrolling.refusals().await;
    assert_eq!(refusals.len(), 2, "{refusals:?}");
    assert!(refusals[0].starts_with("token:1 "), "{refusals:?}");
    assert!(
        refusals[1].starts_with("address:127.0.0.1 "),
        "{refusals:?}"
    );
}

#[tokio::test]
async fn a_certificate_and_those_that_renew_it_are_limited_together() {
    let mut limits = EnrollLimits::default();
    limits.per_requester = 3;
    let enrolling = Enrolling::with(limits).await;
    let renew = async |presented: &Presented| {
        let key = key();
        let client = enrolling.client(Some(presented));
        let request = client.post(enrolling.url("/v1/renew"));
        let request = request.json(&json!({ "csr": csr(&key, "", &[]) }));
        (key, request.send().await.unwrap())
    };
    let mut device = enrolling.enrolled(1, "a").await;
    for _ in 0..3 {
        let (key, response) = renew(&device).await;
        let issued = expect(response, 201).await;
        let chain = issued["chain"].as_str().unwrap().to_owned();
        device = Presented { chain, key };
    }
    refused(renew(&device).await.1, 429, "too_many_requests").await;
    let newest = Certificate::from_pem(device.chain.as_bytes()).unwrap();
    let refusals = enrolling.refusals().await;
    let actor = format!("certificate:{} ", newest.serial());
    assert!(refusals[0].starts_with(&actor), "{refusals:?}");
    let other = enrolling.enrolled(2, "b").await;
    expect(renew(&other).await.1, 201).await;
}

#[tokio::test]
async fn each_route_that_is_described_is_there_and_nothing_else_is() {
    let enrolling = Enrolling::new().await;
    let client = enrolling.client(None);
    let description = client.get(enrolling.url("/v1/openapi.json")).send();
    let description = expect(description.await.unwrap(), 200).await;
    for (path, methods) in description["paths"].as_object().unwrap() {
        let url = enrolling.url(&path.replace("{id}", "1").replace("{serial}", "01"));
        for method in ["get", "post", "put", "delete"] {
            let name = method.to_uppercase().parse().unwrap();
            let response = client.request(name, &url).send().await.unwrap();
            let status = response.status().as_u16();
            let described = &methods[method]["responses"];
            match described.as_object() {
                Some(responses) => {
                    assert!(
                        responses.contains_key(&status.to_string()),
                        "{path}: {status}"
                    );
                }
                None => drop(refused(response, 405, "method_not_allowed").await),
            }
        }
    }
    let nowhere = client
        .get(enrolling.url("/v1/nowhere"))
        .send()
        .await
        .unwrap();
    refused(nowhere, 404, "not_found").await;
}
