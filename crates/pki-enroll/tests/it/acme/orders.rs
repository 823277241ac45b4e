//! ACME from the account to the certificate, and what is refused on the way.

use std::sync::Arc;

use pki_enroll::{EnrollLimits, ExternalAccount};
use serde_json::json;
use x509_identity::{Certificate, SubjectAltName};

use crate::support::acme::{WithAcme, csr, header, problem};
use crate::support::ca::key;
use crate::support::enrollment::expect;

#[tokio::test]
async fn an_account_gets_a_certificate_for_names_that_it_proves() {
    let with = WithAcme::new().await;
    let client = with.account("k", &["*.example.org"]).await;
    let key = key();
    let chain = client
        .issue(&key, &["a.example.org", "b.example.org"])
        .await;
    assert_eq!(chain.matches("BEGIN").count(), 2);
    let leaf = Certificate::from_pem(chain.as_bytes()).unwrap();
    let dns = |name: &str| SubjectAltName::Dns(name.into());
    assert_eq!(leaf.sans(), [dns("a.example.org"), dns("b.example.org")]);
    assert_eq!(leaf.spki_der(), key.public_key_der());
    assert!(leaf.subject().is_empty());
    assert_eq!(with.events("acme-authorized").await.len(), 2);
    assert!(with.events("refused").await.is_empty());

    // What nobody has proven is not issued, and a wrong proof is none.
    let (url, order) = client.order(&["a.example.org"]).await;
    let early = client.finalize(&order, &key, &["a.example.org"]).await;
    problem(early, 403, "orderNotReady").await;
    client.answer(&order, "http-01", false).await;
    let order = client.until(&url, &["pending"]).await;
    assert_eq!(order["status"], "invalid");
    assert_eq!(
        order["error"]["type"],
        "urn:ietf:params:acme:error:incorrectResponse"
    );
    let late = client.finalize(&order, &key, &["a.example.org"]).await;
    problem(late, 403, "orderNotReady").await;
    assert_eq!(with.events("refused").await.len(), 1);
}

#[tokio::test]
async fn an_account_needs_the_mac_key_that_the_operator_has_given_out() {
    let with = WithAcme::new().await;
    let mac = with.external_key("k", &[], 1).await;
    let client = with.client().await;
    let url = client.url("newAccount");
    assert_eq!(client.directory["meta"]["externalAccountRequired"], true);
    let without = client.post(&url, &json!({})).await;
    problem(without, 403, "externalAccountRequired").await;
    let only_existing = client
        .post(&url, &json!({ "onlyReturnExisting": true }))
        .await;
    problem(only_existing, 400, "accountDoesNotExist").await;

    let other_mac = pki_store::AcmeMac::from_random([8; 32]);
    let other_key = with.client().await.binding("k", &mac, &url);
    for (case, binding) in [
        ("another MAC key", client.binding("k", &other_mac, &url)),
        ("an unknown one", client.binding("x", &mac, &url)),
        ("another account key", other_key),
    ] {
        let payload = json!({ "externalAccountBinding": binding });
        let response = client.post(&url, &payload).await;
        assert_eq!(response.status(), 403, "{case}");
        problem(response, 403, "unauthorized").await;
    }
    let elsewhere = client.binding("k", &mac, "https://localhost/acme/server/new-account");
    let payload = json!({ "externalAccountBinding": elsewhere });
    problem(client.post(&url, &payload).await, 400, "malformed").await;

    let made = client.new_account("k", &mac).await;
    let location = header(&made, "location");
    assert_eq!(expect(made, 201).await["status"], "valid");
    // It is good for one account, and that one can be asked for again.
    let again = client
        .post(&url, &json!({ "onlyReturnExisting": true }))
        .await;
    assert_eq!(header(&again, "location"), location);
    expect(again, 200).await;
    let second = with.client().await.new_account("k", &mac).await;
    let second = problem(second, 403, "unauthorized").await;
    assert_eq!(second["detail"], "the external account key is used");
    assert_eq!(with.events("acme-account-created").await.len(), 1);
    assert_eq!(with.events("refused").await.len(), 5);
}

#[tokio::test]
async fn accounts_without_a_binding_are_for_those_who_allow_them() {
    let allow = |settings: &mut pki_enroll::AcmeSettings| {
        settings.external_account = ExternalAccount::AllowNone;
    };
    let with = WithAcme::with(allow, EnrollLimits::default()).await;
    let mut client = with.client().await;
    let made = client.post(&client.url("newAccount"), &json!({})).await;
    assert_eq!(made.status(), 201);
    client.kid = Some(header(&made, "location"));
    let chain = client.issue(&key(), &["c.example.com"]).await;
    assert!(Certificate::from_pem(chain.as_bytes()).is_ok());
}

#[tokio::test]
async fn what_has_to_be_approved_since_it_was_ordered_is_not_issued() {
    let with = WithAcme::new().await;
    let client = with.account("k", &["*.example.org"]).await;
    let (_, order) = client.ready(&["a.example.org"]).await;
    let present = with.replace.borrow().clone();
    let mut next = (*present).clone();
    let approved = next.profiles["approved"].clone();
    next.profiles.insert("server".into(), approved);
    with.replace.send_replace(Arc::new(next));
    let refused = client.finalize(&order, &key(), &["a.example.org"]).await;
    let refused = problem(refused, 403, "unauthorized").await;
    let detail = refused["detail"].as_str().unwrap();
    assert!(detail.contains("have to be approved"), "{detail}");
    // The order stays as it is, and is good where the profile asks for less again.
    with.replace.send_replace(present);
    let issued = client.finalize(&order, &key(), &["a.example.org"]).await;
    assert_eq!(expect(issued, 200).await["status"], "valid");
}

#[tokio::test]
async fn what_may_not_be_ordered_is_named_one_by_one() {
    let with = WithAcme::new().await;
    let client = with.account("k", &["*.example.org", "127.0.0.1"]).await;
    let order = |identifiers: serde_json::Value| {
        let payload = json!({ "identifiers": identifiers });
        let (client, url) = (&client, client.url("newOrder"));
        async move { client.post(&url, &payload).await }
    };
    let dns = |name: &str| json!({ "type": "dns", "value": name });
    let one = problem(
        order(json!([dns("c.example.com")])).await,
        403,
        "rejectedIdentifier",
    )
    .await;
    assert_eq!(
        one["subproblems"][0]["identifier"]["value"],
        "c.example.com"
    );
    let wildcard = order(json!([dns("*.example.org")])).await;
    let wildcard = problem(wildcard, 403, "rejectedIdentifier").await;
    assert!(wildcard["detail"].as_str().unwrap().contains("dns-01"));
    let mixed = json!([
        dns("a.example.org"),
        dns("c.example.com"),
        { "type": "email", "value": "a@example.org" },
    ]);
    let mixed = problem(order(mixed).await, 403, "rejectedIdentifier").await;
    let kinds: Vec<_> = mixed["subproblems"].as_array().unwrap().iter().collect();
    assert_eq!(kinds.len(), 2);
    assert_eq!(
        kinds[1]["type"],
        "urn:ietf:params:acme:error:unsupportedIdentifier"
    );
    problem(order(json!([])).await, 400, "malformed").await;
    let many: Vec<_> = (0..101)
        .map(|it| dns(&format!("a{it}.example.org")))
        .collect();
    problem(order(json!(many)).await, 400, "malformed").await;
    let address = json!([{ "type": "ip", "value": "127.0.0.1" }, dns("A.example.org")]);
    let allowed = expect(order(address).await, 201).await;
    assert_eq!(allowed["identifiers"][1]["value"], "a.example.org");

    // The account's key is good for one profile, and not for another.
    for profile in ["client", "approved"] {
        let mut other = with.client_of(profile).await;
        let mac = pki_store::AcmeMac::from_random([7; 32]);
        other.key = crate::support::acme::AccountKey::new();
        with.external_key(profile, &[], 1).await;
        let made = other.new_account(profile, &mac).await;
        other.kid = Some(header(&made, "location"));
        let payload = json!({ "identifiers": [dns("a.example.org")] });
        let response = other.post(&other.url("newOrder"), &payload).await;
        problem(response, 403, "unauthorized").await;
    }
    let missing = with.get(&with.url("/acme/none/directory")).await;
    problem(missing, 404, "malformed").await;
}

#[tokio::test]
async fn a_csr_asks_for_what_was_ordered() {
    let with = WithAcme::new().await;
    let client = with.account("k", &[]).await;
    let key = key();
    let (_, order) = client.ready(&["a.example.org", "b.example.org"]).await;
    let finalize = order["finalize"].as_str().unwrap();
    for names in [
        &["a.example.org"][..],
        &["a.example.org", "b.example.org", "c.example.com"],
        &["a.example.org", "b.example.org", "127.0.0.1"],
        &[],
    ] {
        let response = client.finalize(&order, &key, names).await;
        problem(response, 400, "badCSR").await;
    }
    let garbage = client.post(finalize, &json!({ "csr": "AAAA" })).await;
    problem(garbage, 400, "badCSR").await;
    // The order is still good.
    let response = client
        .finalize(&order, &key, &["b.example.org", "A.example.org"])
        .await;
    assert_eq!(expect(response, 200).await["status"], "valid");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_finalizations_at_once_one_issues() {
    let with = WithAcme::new().await;
    let client = with.account("k", &[]).await;
    let names = ["a.example.org"];
    let (url, order) = client.ready(&names).await;
    let finalize = order["finalize"].as_str().unwrap();
    let key = key();
    let same = csr(&key, &names);
    let mut requests = Vec::new();
    for number in 0..20 {
        let csr = match number % 2 {
            0 => same.clone(),
            _ => csr(&crate::support::ca::key(), &names),
        };
        let mut protected = client.protected(finalize).await;
        let head = with.get(&client.url("newNonce")).await;
        protected["nonce"] = json!(header(&head, "replay-nonce"));
        requests.push(
            client
                .key
                .sign(&protected, &json!({ "csr": csr }).to_string()),
        );
    }
    let answers = requests.iter().map(|jws| client.send(finalize, jws));
    let mut taken = 0;
    for answer in futures_join(answers).await {
        match answer.status().as_u16() {
            200 => taken += 1,
            _ => {
                problem(answer, 403, "orderNotReady").await;
            }
        }
    }
    assert!((1..=10).contains(&taken), "{taken}");
    assert_eq!(client.until(&url, &[]).await["status"], "valid");
    let issued = with.events("issued").await;
    let by_account = issued.iter().filter(|it| it.starts_with("acme:"));
    assert_eq!(by_account.count(), 1, "{issued:?}");
}

/// The results of all of them, which run at the same time.
async fn futures_join<T>(futures: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut futures: Vec<_> = futures.map(Box::pin).collect();
    let mut done: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, done) in futures.iter_mut().zip(&mut done) {
            if done.is_none()
                && let std::task::Poll::Ready(value) = future.as_mut().poll(context)
            {
                *done = Some(value);
            }
        }
        match done.iter().all(Option::is_some) {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        }
    })
    .await;
    done.into_iter().flatten().collect()
}

#[tokio::test]
async fn tls_alpn_01_takes_the_certificate_of_the_challenge_and_no_other() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let with = WithAcme::with(|it| it.tls_port = port, EnrollLimits::default()).await;
    let client = with.account("k", &[]).await;
    let presented = Arc::new(std::sync::Mutex::new(None));
    tokio::spawn(crate::support::acme::present(listener, presented.clone()));
    // What is presented: for which name, of which hash, by which protocol.
    for (case, name, change, protocol, state) in [
        ("as it has to be", "a.example.org", 0, "acme-tls/1", "ready"),
        ("another name", "b.example.org", 0, "acme-tls/1", "invalid"),
        (
            "another account",
            "a.example.org",
            1,
            "acme-tls/1",
            "invalid",
        ),
    ] {
        let (url, order) = client.order(&["a.example.org"]).await;
        let (token, challenge) = client.challenge(&order, "tls-alpn-01").await;
        let mut hash = client.key_authorization_hash(&token);
        hash[0] ^= change;
        *presented.lock().unwrap() = Some(crate::support::acme::challenge_certificate(
            name, &hash, protocol,
        ));
        expect(client.post(&challenge, &json!({})).await, 200).await;
        let order = client.until(&url, &["pending"]).await;
        assert_eq!(order["status"], state, "{case}: {order}");
    }
}

#[tokio::test]
async fn a_challenge_is_tried_where_the_operator_allows_it() {
    let nowhere = |settings: &mut pki_enroll::AcmeSettings| {
        settings.networks = vec!["10.0.0.0/8".parse().unwrap(), "0.0.0.0/0".parse().unwrap()];
    };
    let with = WithAcme::with(nowhere, EnrollLimits::default()).await;
    let client = with.account("k", &[]).await;
    for kind in ["http-01", "tls-alpn-01"] {
        let (url, order) = client.order(&["a.example.org"]).await;
        client.answer(&order, kind, true).await;
        let order = client.until(&url, &["pending"]).await;
        assert_eq!(order["status"], "invalid");
        let detail = order["error"]["detail"].as_str().unwrap();
        assert!(detail.contains("127.0.0.1 is in no network"), "{detail}");
    }
}
