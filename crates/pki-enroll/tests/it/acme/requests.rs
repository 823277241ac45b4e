//! Requests of ACME that are not what they have to be.

use pki_enroll::EnrollLimits;
use serde_json::{Value, json};

use crate::support::acme::{AccountKey, WithAcme, header, problem};
use crate::support::enrollment::expect;

#[tokio::test]
async fn a_signature_is_of_this_request_by_the_key_of_the_account() {
    let with = WithAcme::new().await;
    let client = with.account("k", &[]).await;
    let url = client.url("newOrder");
    let payload = json!({ "identifiers": [{ "type": "dns", "value": "a.example.org" }] });
    type Change = fn(&mut Value);
    let cases: [(&str, Change, u16, &str); 13] = [
        (
            "another nonce",
            |it| it["nonce"] = json!("AAAA"),
            400,
            "badNonce",
        ),
        (
            "no nonce",
            |it| drop(it.as_object_mut().unwrap().remove("nonce")),
            400,
            "badNonce",
        ),
        (
            "another URL",
            |it| it["url"] = json!("https://localhost/"),
            403,
            "unauthorized",
        ),
        (
            "no URL",
            |it| drop(it.as_object_mut().unwrap().remove("url")),
            400,
            "malformed",
        ),
        (
            "none",
            |it| it["alg"] = json!("none"),
            400,
            "badSignatureAlgorithm",
        ),
        (
            "a MAC",
            |it| it["alg"] = json!("HS256"),
            400,
            "badSignatureAlgorithm",
        ),
        (
            "of another key",
            |it| it["alg"] = json!("RS256"),
            400,
            "badSignatureAlgorithm",
        ),
        (
            "critical",
            |it| it["crit"] = json!(["b64"]),
            400,
            "malformed",
        ),
        (
            "not encoded",
            |it| it["b64"] = json!(false),
            400,
            "malformed",
        ),
        (
            "two keys",
            |it| it["jwk"] = AccountKey::new().jwk(),
            400,
            "malformed",
        ),
        (
            "no key",
            |it| drop(it.as_object_mut().unwrap().remove("kid")),
            400,
            "malformed",
        ),
        (
            "no account",
            |it| it["kid"] = json!("https://localhost/acme/server/account/1"),
            400,
            "accountDoesNotExist",
        ),
        ("a number", |it| it["nonce"] = json!(7), 400, "malformed"),
    ];
    for (case, change, status, kind) in cases {
        let mut protected = client.protected(&url).await;
        change(&mut protected);
        let jws = client.key.sign(&protected, &payload.to_string());
        let response = client.send(&url, &jws).await;
        let body = problem(response, status, kind).await;
        if kind == "badSignatureAlgorithm" {
            assert_eq!(
                body["algorithms"],
                json!(["ES256", "ES384", "EdDSA", "RS256"]),
                "{case}"
            );
        }
    }
    // By somebody else, of another content, and the same once more.
    let protected = client.protected(&url).await;
    let by_other = AccountKey::new().sign(&protected, &payload.to_string());
    problem(client.send(&url, &by_other).await, 403, "unauthorized").await;
    let protected = client.protected(&url).await;
    let mut other = client.key.sign(&protected, &payload.to_string());
    other["payload"] = client.key.sign(&protected, "{}")["payload"].clone();
    problem(client.send(&url, &other).await, 403, "unauthorized").await;
    let protected = client.protected(&url).await;
    let good = client.key.sign(&protected, &payload.to_string());
    expect(client.send(&url, &good).await, 201).await;
    problem(client.send(&url, &good).await, 400, "badNonce").await;
    // With a signature that nobody has made, in another shape, and too deep.
    let mut unprotected = good.clone();
    unprotected["header"] = json!({ "alg": "none" });
    problem(client.send(&url, &unprotected).await, 400, "malformed").await;
    let deep: Value =
        serde_json::from_str(&format!("{}{}", "[".repeat(100), "]".repeat(100))).unwrap();
    problem(client.send(&url, &deep).await, 400, "malformed").await;
    let mut padded = good.clone();
    padded["payload"] = json!(format!("{}=", good["payload"].as_str().unwrap()));
    problem(client.send(&url, &padded).await, 400, "malformed").await;
}

#[tokio::test]
async fn a_body_is_of_its_media_type_and_within_its_limit() {
    let with = WithAcme::new().await;
    let client = with.client().await;
    let url = client.url("newAccount");
    let send = |media_type: &'static str, body: String| {
        let client = crate::support::enrollment::client(&with.ca, with.address(), None);
        let request = client.post(&url).header("content-type", media_type);
        async move { request.body(body).send().await.unwrap() }
    };
    problem(
        send("application/json", "{}".into()).await,
        415,
        "malformed",
    )
    .await;
    let large = "x".repeat(64 * 1024 + 1);
    problem(send("application/jose+json", large).await, 413, "malformed").await;
    let get = with.get(&url).await;
    assert_eq!(get.status(), 405);
}

#[tokio::test]
async fn a_storm_of_bad_nonces_leaves_nothing_behind() {
    let mut limits = EnrollLimits::default();
    limits.per_address = 100_000;
    let with = WithAcme::with(|_| {}, limits).await;
    let client = with.account("k", &[]).await;
    let url = client.url("newOrder");
    let mut protected = client.protected(&url).await;
    let before = with.ca.store.audit(0, 10_000).await.unwrap().len();
    for number in 0..300 {
        protected["nonce"] = json!(format!("{number:054}"));
        let jws = client.key.sign(&protected, "{}");
        problem(client.send(&url, &jws).await, 400, "badNonce").await;
    }
    let after = with.ca.store.audit(0, 10_000).await.unwrap().len();
    assert_eq!(before, after);
    // The nonce that came with the last refusal is good.
    client.order(&["a.example.org"]).await;
}

#[tokio::test]
async fn a_request_for_another_server_is_not_answered() {
    let with = WithAcme::new().await;
    let url = with.url("/acme/directory");
    for (host, is_ours) in [
        ("localhost", true),
        ("LOCALHOST:1", true),
        ("evil.example", false),
        ("localhost.evil.example", false),
        ("127.0.0.1", false),
        ("[::1]:443", false),
    ] {
        let asked = with.client.get(&url).header("host", host).send().await;
        let asked = asked.unwrap();
        match is_ours {
            true => assert_eq!(asked.status(), 200, "{host}"),
            false => _ = problem(asked, 421, "malformed").await,
        }
    }
}

#[tokio::test]
async fn an_address_that_asks_too_often_is_told_to_wait() {
    let mut limits = EnrollLimits::default();
    limits.per_address = 5;
    let with = WithAcme::with(|_| {}, limits).await;
    let url = with.url("/acme/directory");
    for _ in 0..5 {
        assert_eq!(with.get(&url).await.status(), 200);
    }
    let refused = with.get(&url).await;
    assert!(!header(&refused, "retry-after").is_empty());
    problem(refused, 429, "rateLimited").await;
}
