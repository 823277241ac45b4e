//! Devices that prove what they are: who gets a certificate for it, and who does not.

use std::sync::Arc;

use pki_enroll::EnrollLimits;
use pki_store::{AttestationRecord, Filter, Page};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use x509_identity::Certificate;

use crate::support::ca::key;
use crate::support::devices::{
    Platforms, alone, app, assertion, challenge, described, enroll, policy, renew,
};
use crate::support::enrollment::{Enrolling, Presented, csr, expect, refused};
use crate::support::est::est_csr;

fn leaf(issued: &Value) -> Certificate {
    Certificate::from_pem(issued["chain"].as_str().unwrap().as_bytes()).unwrap()
}

/// What the store says of a certificate.
async fn attestation(enrolling: &Enrolling, leaf: &Certificate) -> Option<AttestationRecord> {
    let filter = Filter {
        fingerprint_sha256: Some(*leaf.fingerprint_sha256()),
        ..Filter::default()
    };
    let (store, now) = (&enrolling.ca.store, OffsetDateTime::now_utc());
    let found = store.certificates(&filter, Page::first(1), now).await;
    let id = found.unwrap()[0].id;
    store.attestation(id).await.unwrap()
}

/// An app that has enrolled, with its certificate.
async fn enrolled(
    enrolling: &Enrolling,
    platforms: &Platforms,
    number: u8,
) -> (pki_attest::simulator::SimulatedApp, Presented) {
    let token = enrolling
        .token(number, "device", &["phone-7"], Duration::HOUR)
        .await;
    let (app, key) = (app(), key());
    let asked = csr(&key, "phone-7", &[]);
    let challenge = challenge(enrolling, "enroll").await;
    let evidence = platforms.attestation(&app, &challenge, &asked);
    let response = enroll(enrolling, Some(&token), &asked, &evidence).await;
    let chain = expect(response, 201).await["chain"]
        .as_str()
        .unwrap()
        .to_owned();
    (app, Presented { chain, key })
}

#[tokio::test]
async fn an_app_enrols_with_a_token_and_renews_by_assertions() {
    let (enrolling, platforms) = (Enrolling::new().await, Platforms::new());
    platforms.ask(&enrolling, policy());
    let (mut app, first) = enrolled(&enrolling, &platforms, 1).await;
    let before = Certificate::from_pem(first.chain.as_bytes()).unwrap();
    let record = attestation(&enrolling, &before).await.unwrap();
    assert_eq!(record.kind, "apple-app-attest");
    assert_eq!(
        (record.binding, record.keeper),
        ("csr-hash".into(), "secure-element".into())
    );
    assert_eq!(record.claims["app"], crate::support::devices::APP);
    assert_eq!(record.device.len(), 32);

    let (new_key, given) = (key(), challenge(&enrolling, "renew").await);
    let asked = csr(&new_key, "", &[]);
    let evidence = assertion(&mut app, &given, &asked);
    let renewed = renew(&enrolling, &first, &asked, Some(&evidence)).await;
    let renewed = leaf(&expect(renewed, 201).await);
    let of_renewed = attestation(&enrolling, &renewed).await.unwrap();
    assert_eq!(of_renewed.kind, "apple-assertion");
    assert_eq!(of_renewed.device, record.device);
    assert_eq!(of_renewed.claims["counter"], 1);
    // A request whose answer was lost gets the same certificate.
    let again = renew(&enrolling, &first, &asked, Some(&evidence)).await;
    assert_eq!(leaf(&expect(again, 201).await).serial(), renewed.serial());

    // The same assertion is no good for another request, nor is no assertion.
    let other = csr(&key(), "", &[]);
    let stolen = renew(&enrolling, &first, &other, Some(&evidence)).await;
    refused(stolen, 403, "attestation_refused").await;
    let without = renew(&enrolling, &first, &other, None).await;
    refused(without, 403, "attestation_required").await;
    enrolling.ca.store.verify_audit().await.unwrap();
}

#[tokio::test]
async fn a_token_alone_is_not_enough_and_evidence_alone_is_not_either() {
    let (enrolling, platforms) = (Enrolling::new().await, Platforms::new());
    platforms.ask(&enrolling, policy());
    let token = enrolling
        .token(1, "device", &["phone-7"], Duration::HOUR)
        .await;
    let asked = csr(&key(), "phone-7", &[]);
    let response = enrolling.enroll(&token, &asked).send().await.unwrap();
    refused(response, 403, "attestation_required").await;
    let (app, given) = (app(), challenge(&enrolling, "enroll").await);
    let evidence = platforms.attestation(&app, &given, &asked);
    let response = enroll(&enrolling, None, &asked, &evidence).await;
    refused(response, 401, "credential_required").await;
    // Where no evidence is asked for, none is taken for granted.
    let plain = enrolling
        .token(2, "client", &["phone-7"], Duration::HOUR)
        .await;
    let request = enrolling.client(None).post(enrolling.url("/v1/enroll"));
    let body = json!({ "csr": asked, "attestation": evidence });
    let response = request.bearer_auth(plain).json(&body).send().await.unwrap();
    refused(response, 400, "attestation_unexpected").await;
    // Nothing of it was used up.
    let response = enroll(&enrolling, Some(&token), &asked, &evidence).await;
    expect(response, 201).await;
}

#[tokio::test]
async fn evidence_is_enough_where_the_profile_says_so_for_the_devices_own_names() {
    let (enrolling, platforms) = (Enrolling::new().await, Platforms::new());
    platforms.ask(&enrolling, alone());
    let (key, given) = (key(), challenge(&enrolling, "enroll").await);
    let evidence = platforms.android(&key, &given, &described(&given));
    let foreign = enroll(&enrolling, None, &csr(&key, "phone-7", &[]), &evidence).await;
    refused(foreign, 403, "name_not_allowed").await;
    let asked = csr(&key, "", &[]);
    let issued = enroll(&enrolling, None, &asked, &evidence).await;
    let leaf = leaf(&expect(issued, 201).await);
    let record = attestation(&enrolling, &leaf).await.unwrap();
    assert_eq!(
        (record.kind, record.binding),
        ("android-key".into(), "same-key".into())
    );
    assert_eq!(leaf.subject().to_string(), format!("CN={}", record.device));
    let uri = format!("spiffe://example.org/device/{}", record.device);
    assert_eq!(leaf.sans()[0].to_string(), uri);

    // Its next key is attested, too, and the device stays the same.
    let presented = Presented {
        chain: pki_core::certificate_pem(&leaf),
        key,
    };
    let chain = enrolling.ca.issuing.authority().certificate();
    let presented = Presented {
        chain: format!("{}{}", presented.chain, pki_core::certificate_pem(chain)),
        ..presented
    };
    let (next, given) = (
        crate::support::ca::key(),
        challenge(&enrolling, "renew").await,
    );
    let asked = csr(&next, "", &[]);
    let evidence = platforms.android(&next, &given, &described(&given));
    let renewed = renew(&enrolling, &presented, &asked, Some(&evidence)).await;
    let renewed = self::leaf(&expect(renewed, 201).await);
    let of_renewed = attestation(&enrolling, &renewed).await.unwrap();
    assert_eq!(of_renewed.device, record.device);
    // Not by an app on some other device.
    let (mut other, given) = (app(), challenge(&enrolling, "renew").await);
    let evidence = assertion(&mut other, &given, &asked);
    let response = renew(&enrolling, &presented, &asked, Some(&evidence)).await;
    refused(response, 403, "attestation_refused").await;
}

#[tokio::test]
async fn evidence_of_another_request_or_key_is_refused() {
    let (enrolling, platforms) = (Enrolling::new().await, Platforms::new());
    platforms.ask(&enrolling, alone());
    let given = challenge(&enrolling, "enroll").await;
    let (app, key) = (app(), key());
    let (asked, other) = (csr(&key, "", &[]), csr(&crate::support::ca::key(), "", &[]));
    let apple = platforms.attestation(&app, &given, &asked);
    let android = platforms.android(&key, &given, &described(&given));
    for evidence in [apple, android] {
        let response = enroll(&enrolling, None, &other, &evidence).await;
        let problem = refused(response, 403, "attestation_refused").await;
        let why = problem["detail"].as_str().unwrap();
        assert!(
            why.contains("another challenge") || why.contains("not the key"),
            "{why}"
        );
    }
}

#[tokio::test]
async fn a_challenge_is_good_once_and_for_its_purpose() {
    let (enrolling, platforms) = (Enrolling::new().await, Platforms::new());
    platforms.ask(&enrolling, alone());
    let android = async |given: &str| {
        let key = key();
        let evidence = platforms.android(&key, given, &described(given));
        enroll(&enrolling, None, &csr(&key, "", &[]), &evidence).await
    };
    let given = challenge(&enrolling, "enroll").await;
    expect(android(&given).await, 201).await;
    let problem = refused(android(&given).await, 403, "challenge_refused").await;
    assert!(
        problem["detail"].as_str().unwrap().contains("used already"),
        "{problem}"
    );
    let for_renewal = challenge(&enrolling, "renew").await;
    refused(android(&for_renewal).await, 403, "challenge_refused").await;
    // One that the app has made up itself.
    let made_up = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
    refused(android(made_up).await, 403, "challenge_refused").await;
}

#[tokio::test]
async fn a_key_is_registered_once_and_belongs_to_its_device() {
    let (enrolling, platforms) = (Enrolling::new().await, Platforms::new());
    platforms.ask(&enrolling, policy());
    let (mut app, first) = enrolled(&enrolling, &platforms, 1).await;
    let (mut other, second) = enrolled(&enrolling, &platforms, 2).await;
    let token = enrolling
        .token(3, "device", &["phone-7"], Duration::HOUR)
        .await;
    let asked = csr(&key(), "phone-7", &[]);
    let given = challenge(&enrolling, "enroll").await;
    let evidence = platforms.attestation(&app, &given, &asked);
    let response = enroll(&enrolling, Some(&token), &asked, &evidence).await;
    let problem = refused(response, 403, "attestation_refused").await;
    assert!(
        problem["detail"].as_str().unwrap().contains("registered"),
        "{problem}"
    );
    // An assertion of it is good for another first certificate.
    let given = challenge(&enrolling, "enroll").await;
    let evidence = assertion(&mut app, &given, &asked);
    expect(
        enroll(&enrolling, Some(&token), &asked, &evidence).await,
        201,
    )
    .await;

    // Neither device renews the other's certificate, nor does a new installation.
    let asked = csr(&key(), "", &[]);
    let given = challenge(&enrolling, "renew").await;
    for (presented, app) in [(&first, &mut other), (&second, &mut app)] {
        let evidence = assertion(app, &given, &asked);
        let response = renew(&enrolling, presented, &asked, Some(&evidence)).await;
        let problem = refused(response, 403, "attestation_refused").await;
        assert!(
            problem["detail"]
                .as_str()
                .unwrap()
                .contains("another device"),
            "{problem}"
        );
    }
    let evidence = platforms.attestation(&crate::support::devices::app(), &given, &asked);
    let response = renew(&enrolling, &first, &asked, Some(&evidence)).await;
    refused(response, 403, "attestation_refused").await;
    // A key that was never registered.
    let evidence = assertion(&mut crate::support::devices::app(), &given, &asked);
    let response = renew(&enrolling, &first, &asked, Some(&evidence)).await;
    refused(response, 403, "attestation_refused").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_50_assertions_with_one_counter_one_gets_a_certificate() {
    let mut limits = EnrollLimits::default();
    limits.challenges_per_address = 1000;
    limits.per_requester = 1000;
    let (enrolling, platforms) = (Enrolling::with(limits).await, Platforms::new());
    platforms.ask(&enrolling, policy());
    let (app, first) = enrolled(&enrolling, &platforms, 1).await;
    let app = app.copies();
    let (enrolling, first) = (Arc::new(enrolling), Arc::new(first));
    let mut clients = tokio::task::JoinSet::new();
    for mut app in app.take(50) {
        let (enrolling, first) = (enrolling.clone(), first.clone());
        clients.spawn(async move {
            let given = challenge(&enrolling, "renew").await;
            let asked = csr(&key(), "", &[]);
            let evidence = assertion(&mut app, &given, &asked);
            let response = renew(&enrolling, &first, &asked, Some(&evidence)).await;
            match response.status().as_u16() {
                201 => 1,
                _ => {
                    refused(response, 403, "attestation_refused").await;
                    0
                }
            }
        });
    }
    let issued: u32 = clients.join_all().await.into_iter().sum();
    assert_eq!(issued, 1);
}

#[tokio::test]
async fn what_google_has_withdrawn_gets_nothing_and_an_old_list_is_none() {
    let (enrolling, platforms) = (Enrolling::new().await, Platforms::new());
    platforms.ask(&enrolling, alone());
    let now = OffsetDateTime::now_utc();
    let android = async || {
        let (key, given) = (key(), challenge(&enrolling, "enroll").await);
        let evidence = platforms.android(&key, &given, &described(&given));
        enroll(&enrolling, None, &csr(&key, "", &[]), &evidence).await
    };
    expect(android().await, 201).await;
    platforms.publish("", now - Duration::hours(25));
    let problem = refused(android().await, 403, "attestation_refused").await;
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("was fetched on"),
        "{problem}"
    );
    *platforms.status.lock().unwrap() = None;
    refused(android().await, 403, "attestation_refused").await;
    let root = platforms.android.root().serial().to_string();
    let withdrawn = format!(
        r#""{}":{{"status":"REVOKED"}}"#,
        root.replace(':', "").to_lowercase().trim_start_matches('0')
    );
    platforms.publish(&withdrawn, now);
    let problem = refused(android().await, 403, "attestation_refused").await;
    assert!(
        problem["detail"].as_str().unwrap().contains("revoked"),
        "{problem}"
    );
}

#[tokio::test]
async fn a_device_that_proves_too_little_gets_nothing() {
    let (enrolling, platforms) = (Enrolling::new().await, Platforms::new());
    let mut strict = alone();
    strict.kinds = vec![pki_enroll::EvidenceKind::AndroidKey];
    strict.minimum.keeper = pki_attest::Keeper::SecureElement;
    platforms.ask(&enrolling, strict);
    let (key, given) = (key(), challenge(&enrolling, "enroll").await);
    let asked = csr(&key, "", &[]);
    let evidence = platforms.android(&key, &given, &described(&given));
    let problem = enroll(&enrolling, None, &asked, &evidence).await;
    let problem = refused(problem, 403, "attestation_refused").await;
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("proves too little"),
        "{problem}"
    );
    let mut strong = described(&given);
    strong.attestation_security_level = pki_attest::android::SecurityLevel::StrongBox;
    strong.key_mint_security_level = pki_attest::android::SecurityLevel::StrongBox;
    let evidence = platforms.android(&key, &given, &strong);
    expect(enroll(&enrolling, None, &asked, &evidence).await, 201).await;
    // Apple's evidence is none of those kinds.
    let given = challenge(&enrolling, "enroll").await;
    let evidence = platforms.attestation(&app(), &given, &asked);
    refused(
        enroll(&enrolling, None, &asked, &evidence).await,
        403,
        "attestation_refused",
    )
    .await;
}

#[tokio::test]
async fn evidence_is_kept_with_a_request_that_waits() {
    let (enrolling, platforms) = (Enrolling::new().await, Platforms::new());
    let period = std::time::Duration::from_secs(3600);
    platforms.ask_as(&enrolling, "device", alone(), |it| {
        it.approved_within(period)
    });
    let (key, given) = (key(), challenge(&enrolling, "enroll").await);
    let asked = csr(&key, "", &[]);
    let evidence = platforms.android(&key, &given, &described(&given));
    let pending = expect(enroll(&enrolling, None, &asked, &evidence).await, 202).await;
    // Whoever has no token asks again in the same way.
    let again = expect(enroll(&enrolling, None, &asked, &evidence).await, 202).await;
    assert_eq!(pending, again);
    let (store, now) = (&enrolling.ca.store, OffsetDateTime::now_utc());
    let id = pending["id"].as_str().unwrap().parse().unwrap();
    let seen = store.approval("default", id, now).await.unwrap().unwrap();
    let proved = seen.attestation.unwrap();
    assert_eq!(proved.kind, "android-key");
    enrolling.approve().await;
    let issued = expect(enroll(&enrolling, None, &asked, &evidence).await, 201).await;
    assert_eq!(attestation(&enrolling, &leaf(&issued)).await, Some(proved));
}

#[tokio::test]
async fn a_request_that_waited_without_evidence_is_not_issued_once_the_profile_asks_for_it() {
    let (enrolling, platforms) = (Enrolling::new().await, Platforms::new());
    let life = Duration::HOUR;
    let token = enrolling.token(9, "approved", &["phone-7"], life).await;
    let asked = csr(&key(), "phone-7", &[]);
    let pending = expect(enrolling.enroll(&token, &asked).send().await.unwrap(), 202).await;
    enrolling.approve().await;
    let period = std::time::Duration::from_secs(3600);
    platforms.ask_as(&enrolling, "approved", policy(), |it| {
        it.approved_within(period)
    });
    let id = pending["id"].as_str().unwrap();
    let request = enrolling
        .client(None)
        .get(enrolling.url(&format!("/v1/requests/{id}")));
    let response = request.bearer_auth(&token).send().await.unwrap();
    refused(response, 403, "attestation_required").await;
}

#[tokio::test]
async fn an_address_gets_so_many_challenges_and_no_more() {
    let mut limits = EnrollLimits::default();
    limits.challenges_per_address = 2;
    let enrolling = Enrolling::with(limits).await;
    for _ in 0..2 {
        challenge(&enrolling, "enroll").await;
    }
    let ask = |body: Value| {
        let request = enrolling.client(None).post(enrolling.url("/v1/challenges"));
        request.json(&body).send()
    };
    let response = ask(json!({ "purpose": "enroll" })).await.unwrap();
    refused(response, 429, "too_many_requests").await;
    let other = Enrolling::new().await;
    for wrong in [
        json!({ "purpose": "revoke" }),
        json!({}),
        json!({ "purpose": "enroll", "life": 9 }),
    ] {
        let request = other.client(None).post(other.url("/v1/challenges"));
        let response = request.json(&wrong).send().await.unwrap();
        refused(response, 400, "malformed").await;
    }
}

#[tokio::test]
async fn a_protocol_without_evidence_gets_nothing_of_a_profile_that_asks_for_it() {
    let (enrolling, platforms) = (Enrolling::new().await, Platforms::new());
    let token = enrolling
        .token(9, "device", &["phone-7"], Duration::HOUR)
        .await;
    platforms.ask(&enrolling, policy());
    let (_, first) = enrolled(&enrolling, &platforms, 1).await;
    let key = key();
    let asked = est_csr(&key, "phone-7", &[]);
    assert_eq!(enrolling.est_enroll(&token, &asked).await.status(), 403);
    let request = enrolling.est(
        Some(&first),
        "simplereenroll",
        est_csr(&key, "phone-7", &[]),
    );
    assert_eq!(request.send().await.unwrap().status(), 403);
    let refusals = enrolling.refusals().await;
    assert_eq!(refusals.len(), 2, "{refusals:?}");
    assert!(
        refusals
            .iter()
            .all(|it| it.contains("asks devices to prove what they are")),
        "{refusals:?}"
    );
}
