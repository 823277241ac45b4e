//! Accounts that change and end, and certificates that are renewed and revoked.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pki_core::verify::RevocationReason;
use pki_store::{CertificateState, Filter, Page};
use serde_json::{Value, json};
use time::OffsetDateTime;
use x509_identity::{Certificate, SubjectAltName};

use crate::support::acme::{AccountKey, AcmeClient, WithAcme, csr, header, problem};
use crate::support::ca::key;
use crate::support::enrollment::{Presented, expect, refused};

#[tokio::test]
async fn an_account_changes_its_key_and_the_old_one_is_no_good() {
    let with = WithAcme::new().await;
    let mut client = with.account("k", &[]).await;
    let (kid, url) = (client.kid.clone().unwrap(), client.url("keyChange"));
    let new = AccountKey::new();
    let inner = |new: &AccountKey, account: &str, old: Value, url: &str| {
        let protected = json!({ "alg": "ES256", "jwk": new.jwk(), "url": url });
        let payload = json!({ "account": account, "oldKey": old });
        new.sign(&protected, &payload.to_string())
    };
    let old = client.key.jwk();
    for (case, wrong) in [
        (
            "another account",
            inner(&new, "https://localhost/", old.clone(), &url),
        ),
        ("another old key", inner(&new, &kid, new.jwk(), &url)),
        (
            "another URL",
            inner(&new, &kid, old.clone(), "https://localhost/"),
        ),
    ] {
        let response = client.post(&url, &wrong).await;
        assert_eq!(response.status(), 400, "{case}");
        problem(response, 400, "malformed").await;
    }
    let other = with.account("other", &[]).await;
    let taken = client
        .post(&url, &inner(&other.key, &kid, old.clone(), &url))
        .await;
    assert_eq!(header(&taken, "location"), other.kid.clone().unwrap());
    problem(taken, 409, "malformed").await;

    let changed = client.post(&url, &inner(&new, &kid, old, &url)).await;
    assert_eq!(changed.status(), 200);
    let with_old = client.read(&kid).await;
    problem(with_old, 403, "unauthorized").await;
    client.key = new;
    expect(client.read(&kid).await, 200).await;
    // Another account than that of the signature is somebody else's.
    problem(
        client.read(other.kid.as_ref().unwrap()).await,
        403,
        "unauthorized",
    )
    .await;
}

#[tokio::test]
async fn an_account_that_has_ended_orders_nothing_and_comes_not_back() {
    let with = WithAcme::new().await;
    let client = with.account("k", &[]).await;
    let kid = client.kid.clone().unwrap();
    let contact = json!({ "contact": ["mailto:b@example.org"] });
    let changed = expect(client.post(&kid, &contact).await, 200).await;
    assert_eq!(changed["contact"], contact["contact"]);
    let tel = json!({ "contact": ["tel:1"] });
    problem(client.post(&kid, &tel).await, 400, "unsupportedContact").await;
    let (order, _) = client.order(&["a.example.org"]).await;
    let orders = expect(client.read(&format!("{kid}/orders")).await, 200).await;
    assert_eq!(orders["orders"], json!([order]));

    let ended = client.post(&kid, &json!({ "status": "deactivated" })).await;
    assert_eq!(expect(ended, 200).await["status"], "deactivated");
    problem(client.read(&order).await, 403, "unauthorized").await;
    let mut again = with.client().await;
    again.key = client.key;
    let response = again.post(&again.url("newAccount"), &json!({})).await;
    problem(response, 403, "unauthorized").await;
}

#[tokio::test]
async fn a_stranger_sees_nothing_of_an_order() {
    let with = WithAcme::new().await;
    let owner = with.account("owner", &[]).await;
    let (url, order) = owner.ready(&["a.example.org"]).await;
    let authorization = order["authorizations"][0].as_str().unwrap();
    let stranger = with.account("stranger", &[]).await;
    for place in [url.as_str(), authorization] {
        problem(stranger.read(place).await, 404, "malformed").await;
    }
    let finalize = stranger.finalize(&order, &key(), &["a.example.org"]).await;
    problem(finalize, 404, "malformed").await;
    // An authorization that its holder has ended is good for nothing.
    let ended = json!({ "status": "deactivated" });
    let ended = expect(owner.post(authorization, &ended).await, 200).await;
    assert_eq!(ended["status"], "deactivated");
    let finalize = owner.finalize(&order, &key(), &["a.example.org"]).await;
    problem(finalize, 403, "orderNotReady").await;
}

/// What a certificate is called (RFC 9773 section 4.1).
fn certificate_id(leaf: &Certificate) -> String {
    let key = URL_SAFE_NO_PAD.encode(leaf.authority_key_id().unwrap());
    format!("{key}.{}", URL_SAFE_NO_PAD.encode(leaf.serial().as_bytes()))
}

#[tokio::test]
async fn a_certificate_says_when_to_renew_it_and_is_renewed_once() {
    let with = WithAcme::new().await;
    let client = with.account("k", &[]).await;
    let chain = client.issue(&key(), &["a.example.org"]).await;
    let leaf = Certificate::from_pem(chain.as_bytes()).unwrap();
    let id = certificate_id(&leaf);
    let info = with
        .get(&format!("{}/{id}", client.url("renewalInfo")))
        .await;
    assert!(!header(&info, "retry-after").is_empty());
    let info = expect(info, 200).await;
    let by_json = with
        .get(&with.url(&format!("/v1/renewal-info/{}", leaf.serial())))
        .await;
    assert_eq!(info, expect(by_json, 200).await);
    for wrong in ["x", "AAAA.AAAA", &id[1..]] {
        let info = with
            .get(&format!("{}/{wrong}", client.url("renewalInfo")))
            .await;
        assert!(info.status().is_client_error(), "{wrong}");
    }

    let order = |name: &'static str, replaces: String| {
        let identifiers = json!([{ "type": "dns", "value": name }]);
        json!({ "identifiers": identifiers, "replaces": replaces })
    };
    let url = client.url("newOrder");
    let stranger = with.account("other", &[]).await;
    let of_other = stranger
        .post(&url, &order("a.example.org", id.clone()))
        .await;
    problem(of_other, 403, "unauthorized").await;
    let other_name = client.post(&url, &order("b.example.org", id.clone())).await;
    problem(other_name, 400, "malformed").await;
    let renewal = client.post(&url, &order("a.example.org", id.clone())).await;
    let place = header(&renewal, "location");
    let renewal = expect(renewal, 201).await;
    assert_eq!(renewal["replaces"], id);
    let twice = client.post(&url, &order("a.example.org", id.clone())).await;
    problem(twice, 409, "alreadyReplaced").await;
    client.answer(&renewal, "http-01", true).await;
    let ready = client.until(&place, &["pending"]).await;
    let response = client.finalize(&ready, &key(), &["a.example.org"]).await;
    expect(response, 200).await;
    let filter = Filter {
        profile: Some("server".into()),
        ..Filter::default()
    };
    let now = OffsetDateTime::now_utc();
    let page = Page::default();
    let issued = with
        .ca
        .store
        .certificates(&filter, page, now)
        .await
        .unwrap();
    assert_eq!(issued.len(), 2);
    assert_eq!(issued[0].lineage, issued[1].lineage);
}

#[tokio::test]
async fn a_revoked_certificate_is_replaced_by_who_proves_its_names_again() {
    let with = WithAcme::new().await;
    let client = with.account("k", &[]).await;
    let chain = client.issue(&key(), &["a.example.org"]).await;
    let leaf = Certificate::from_pem(chain.as_bytes()).unwrap();
    assert_eq!(revoke(&client, &leaf, 4).await.status(), 200);
    let order = json!({
        "identifiers": [{ "type": "dns", "value": "a.example.org" }],
        "replaces": certificate_id(&leaf),
    });
    let renewal = client.post(&client.url("newOrder"), &order).await;
    let place = header(&renewal, "location");
    let renewal = expect(renewal, 201).await;
    client.answer(&renewal, "http-01", true).await;
    let ready = client.until(&place, &["pending"]).await;
    let response = client.finalize(&ready, &key(), &["a.example.org"]).await;
    assert_eq!(expect(response, 200).await["status"], "valid");
}

#[tokio::test]
async fn names_that_were_proven_once_are_not_renewed_without_proof() {
    let with = WithAcme::new().await;
    let client = with.account("k", &[]).await;
    let key = key();
    let chain = client.issue(&key, &["a.example.org"]).await;
    let presented = Presented { chain, key };
    let name = SubjectAltName::Dns("a.example.org".into());
    let holder = crate::support::enrollment::client(&with.ca, with.address(), Some(&presented));
    let csr = crate::support::enrollment::csr(&crate::support::ca::key(), "a.example.org", &[name]);
    let request = holder.post(with.url("/v1/renew"));
    let renewed = request.json(&json!({ "csr": csr })).send().await.unwrap();
    refused(renewed, 403, "certificate_not_valid").await;
}

async fn revoke(client: &AcmeClient<'_>, leaf: &Certificate, reason: u8) -> reqwest::Response {
    let certificate = URL_SAFE_NO_PAD.encode(leaf.der());
    let payload = json!({ "certificate": certificate, "reason": reason });
    client.post(&client.url("revokeCert"), &payload).await
}

#[tokio::test]
async fn a_certificate_is_revoked_by_who_ordered_it_or_has_proven_its_names() {
    let with = WithAcme::new().await;
    let client = with.account("k", &[]).await;
    let issue = async || {
        let chain = client.issue(&key(), &["a.example.org"]).await;
        Certificate::from_pem(chain.as_bytes()).unwrap()
    };
    let leaf = issue().await;
    let stranger = with.account("other", &[]).await;
    problem(revoke(&stranger, &leaf, 0).await, 403, "unauthorized").await;
    for reason in [2, 6, 99] {
        problem(
            revoke(&client, &leaf, reason).await,
            400,
            "badRevocationReason",
        )
        .await;
    }
    assert_eq!(revoke(&client, &leaf, 4).await.status(), 200);
    problem(revoke(&client, &leaf, 4).await, 400, "alreadyRevoked").await;
    let filter = Filter {
        serial: Some(leaf.serial().clone()),
        ..Filter::default()
    };
    let now = OffsetDateTime::now_utc();
    let found = with
        .ca
        .store
        .certificates(&filter, Page::first(1), now)
        .await
        .unwrap();
    assert_eq!(found[0].state, CertificateState::Revoked);

    // Who has but proven the names says nothing of the key.
    let leaf = issue().await;
    stranger.ready(&["a.example.org"]).await;
    assert_eq!(revoke(&stranger, &leaf, 1).await.status(), 200);
    let filter = Filter {
        serial: Some(leaf.serial().clone()),
        ..Filter::default()
    };
    let store = &with.ca.store;
    let found = store.certificates(&filter, Page::first(1), now).await;
    let (_, reason) = found.unwrap()[0].revoked.unwrap();
    assert_eq!(reason, RevocationReason::CessationOfOperation);
    let unknown = with.ca.unknown();
    problem(revoke(&client, &unknown, 0).await, 400, "malformed").await;
}

#[tokio::test]
async fn a_certificate_is_revoked_by_its_key() {
    let with = WithAcme::new().await;
    let client = with.account("k", &[]).await;
    // The key of an account can be that of a certificate here, since it is the test's.
    let pem = AccountKey::in_pem();
    let certified = pki_core::KeyPair::from_pem(pem.1.as_bytes(), None).unwrap();
    let (_, order) = client.ready(&["a.example.org"]).await;
    let payload = json!({ "csr": csr(&certified, &["a.example.org"]) });
    let order = client
        .post(order["finalize"].as_str().unwrap(), &payload)
        .await;
    let order = expect(order, 200).await;
    let chain = client.read(order["certificate"].as_str().unwrap()).await;
    let leaf = Certificate::from_pem(chain.text().await.unwrap().as_bytes()).unwrap();

    let by_other = with.client().await;
    problem(revoke(&by_other, &leaf, 0).await, 403, "unauthorized").await;
    let mut by_key = with.client().await;
    by_key.key = pem.0;
    assert_eq!(revoke(&by_key, &leaf, 1).await.status(), 200);
    assert_eq!(with.events("key-blocked").await.len(), 1);
}
