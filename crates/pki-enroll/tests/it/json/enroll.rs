//! A certificate by a token: who gets one, and who does not.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pki_core::CertificateRequest;
use pki_enroll::{
    Checking, Credential, CredentialError, CredentialRequest, EnrollProfile, Enrollment,
    EnrollmentCa, Grant, enrollment,
};
use serde_json::json;
use time::Duration;
use x509_identity::{Certificate, SubjectAltName};

use crate::support::ca::key;
use crate::support::enrollment::{Enrolling, csr, expect, refused};

#[tokio::test]
async fn a_token_gives_a_certificate_for_its_name() {
    let enrolling = Enrolling::new().await;
    let token = enrolling
        .token(1, "client", &["sensor-7"], Duration::HOUR)
        .await;
    let key = key();
    let response = enrolling
        .enroll(&token, &csr(&key, "sensor-7", &[]))
        .send()
        .await
        .unwrap();
    let issued = expect(response, 201).await;
    let leaf = Certificate::from_pem(issued["chain"].as_str().unwrap().as_bytes()).unwrap();
    assert_eq!(leaf.subject().to_string(), "CN=sensor-7");
    assert_eq!(leaf.spki_der(), key.public_key_der());
    assert_eq!(issued["serial"], leaf.serial().to_string());
    assert_eq!(
        issued["chain"].as_str().unwrap().matches("BEGIN").count(),
        2
    );
    let root = enrolling.ca.root.authority().certificate();
    assert_eq!(issued["roots"], pki_core::certificate_pem(root));

    // What a CSR does not ask for is what the token says, and base64 of DER is as good as PEM.
    let token = enrolling
        .token(
            2,
            "client",
            &["a.example.org", "@b.example"],
            Duration::HOUR,
        )
        .await;
    let key = crate::support::ca::key();
    let der = CertificateRequest::from_pem(csr(&key, "", &[]).as_bytes()).unwrap();
    let text = STANDARD.encode(der.der());
    let response = enrolling.enroll(&token, &text).send().await.unwrap();
    let issued = expect(response, 201).await;
    let leaf = Certificate::from_pem(issued["certificate"].as_str().unwrap().as_bytes()).unwrap();
    assert_eq!(leaf.subject().to_string(), "CN=a.example.org");
    assert_eq!(leaf.sans(), [SubjectAltName::Dns("a.example.org".into())]);
    assert!(enrolling.refusals().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_50_clients_with_one_token_one_gets_a_certificate() {
    let enrolling = std::sync::Arc::new(Enrolling::new().await);
    let token = enrolling
        .token(1, "client", &["sensor-7"], Duration::HOUR)
        .await;
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (enrolling, token) = (enrolling.clone(), token.clone());
        clients.spawn(async move {
            let request = enrolling.enroll(&token, &csr(&key(), "sensor-7", &[]));
            let response = request.send().await.unwrap();
            match response.status().as_u16() {
                201 => 1,
                _ => {
                    refused(response, 403, "token_used").await;
                    0
                }
            }
        });
    }
    assert_eq!(clients.join_all().await.into_iter().sum::<u32>(), 1);
    let refusals = enrolling.refusals().await;
    assert_eq!(refusals.len(), 49);
    assert!(
        refusals.iter().all(|it| it.starts_with("token:1 ")),
        "{refusals:?}"
    );
}

#[tokio::test]
async fn a_request_made_again_gets_no_certificate_that_is_revoked_by_now() {
    let enrolling = Enrolling::new().await;
    let (_, token) = enrolling
        .new_token(1, "client", &["sensor-7"], 2, Duration::HOUR)
        .await;
    let asked = csr(&key(), "sensor-7", &[]);
    let issued = enrolling.enroll(&token, &asked).send().await.unwrap();
    let issued = expect(issued, 201).await;
    let again = enrolling.enroll(&token, &asked).send().await.unwrap();
    assert_eq!(expect(again, 201).await, issued);
    let leaf = Certificate::from_pem(issued["certificate"].as_str().unwrap().as_bytes()).unwrap();
    enrolling.ca.revoke(&leaf).await;
    let again = enrolling.enroll(&token, &asked).send().await.unwrap();
    let problem = refused(again, 403, "certificate_not_valid").await;
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("is revoked"), "{detail}");
    assert_eq!(enrolling.refusals().await.len(), 1);
    // Another key is another request.
    let other = csr(&key(), "sensor-7", &[]);
    let other = enrolling.enroll(&token, &other).send().await.unwrap();
    expect(other, 201).await;
}

#[tokio::test]
async fn names_are_what_the_token_allows_and_nothing_else() {
    let enrolling = Enrolling::new().await;
    let dns = |name: &str| SubjectAltName::Dns(name.into());
    let token = enrolling
        .token(1, "client", &["*.devices.example.org"], Duration::HOUR)
        .await;
    let names: [(&str, &[SubjectAltName]); 6] = [
        ("admin", &[]),
        ("a.devices.example.org", &[dns("b.example.org")]),
        ("", &[dns("*.devices.example.org")]),
        (
            "a.devices.example.org",
            &[SubjectAltName::Email("a@example.org".into())],
        ),
        ("a.devices.example.org,O=Operators", &[]),
        ("", &[]),
    ];
    for (name, sans) in names {
        let request = enrolling.enroll(&token, &csr(&key(), name, sans));
        refused(request.send().await.unwrap(), 403, "name_not_allowed").await;
    }
    let refusals = enrolling.refusals().await;
    assert_eq!(refusals.len(), 6, "{refusals:?}");
    // None of them has used it up.
    let sans = [dns("a.devices.example.org")];
    let request = enrolling.enroll(&token, &csr(&key(), "a.devices.example.org", &sans));
    expect(request.send().await.unwrap(), 201).await;
    // Without names it is for the profile to say, which knows no organisation.
    let token = enrolling.token(2, "client", &[], Duration::HOUR).await;
    let request = enrolling.enroll(&token, &csr(&key(), "a,O=Operators", &[]));
    refused(request.send().await.unwrap(), 403, "refused_by_policy").await;
    expect(
        enrolling
            .enroll(&token, &csr(&key(), "a", &[]))
            .send()
            .await
            .unwrap(),
        201,
    )
    .await;
}

#[tokio::test]
async fn a_token_that_is_not_good_gives_nothing() {
    let enrolling = Enrolling::new().await;
    let expired = enrolling
        .token(1, "client", &["a"], Duration::seconds(-1))
        .await;
    let (record, revoked) = enrolling
        .new_token(2, "client", &["a"], 1, Duration::HOUR)
        .await;
    let (store, actor) = (&enrolling.ca.store, crate::support::ca::actor());
    let now = time::OffsetDateTime::now_utc();
    store
        .revoke_token("default", record.id, &actor, now)
        .await
        .unwrap();
    let other_profile = enrolling
        .token(3, "no-such-profile", &["a"], Duration::HOUR)
        .await;
    let unknown = pki_store::TokenSecret::from_random([9; 32])
        .secret_text()
        .to_string();
    let cases = [
        (expired.as_str(), 403, "token_expired"),
        (revoked.as_str(), 403, "token_revoked"),
        (other_profile.as_str(), 403, "profile_not_allowed"),
        (unknown.as_str(), 401, "credential_refused"),
        ("guess", 401, "credential_refused"),
    ];
    for (token, status, kind) in cases {
        let request = enrolling.enroll(token, &csr(&key(), "a", &[]));
        refused(request.send().await.unwrap(), status, kind).await;
    }
    let request = enrolling.client(None).post(enrolling.url("/v1/enroll"));
    let response = request
        .json(&json!({ "csr": csr(&key(), "a", &[]) }))
        .send()
        .await
        .unwrap();
    assert_eq!(
        response.headers()["www-authenticate"],
        "Bearer realm=\"enrolment\""
    );
    refused(response, 401, "credential_required").await;
    assert_eq!(enrolling.refusals().await.len(), 6);
}

#[tokio::test]
async fn a_request_that_is_repeated_is_answered_again() {
    let enrolling = Enrolling::new().await;
    let token = enrolling.token(1, "client", &["a"], Duration::HOUR).await;
    let (first_csr, other_csr) = (csr(&key(), "a", &[]), csr(&key(), "a", &[]));
    let send = async |csr: &str, key: Option<&str>| {
        let request = enrolling.enroll(&token, csr);
        let request = match key {
            Some(key) => request.header("Idempotency-Key", key),
            None => request,
        };
        request.send().await.unwrap()
    };
    let first = expect(send(&first_csr, Some("k1")).await, 201).await;
    let again = expect(send(&first_csr, Some("k1")).await, 201).await;
    assert_eq!(first, again);
    refused(
        send(&other_csr, Some("k1")).await,
        409,
        "idempotency_conflict",
    )
    .await;
    refused(send(&first_csr, Some("k2")).await, 403, "token_used").await;
    refused(send(&first_csr, Some("")).await, 400, "malformed").await;

    // Without a key the content is one.
    let token = enrolling.token(2, "client", &["b"], Duration::HOUR).await;
    let csr = csr(&key(), "b", &[]);
    let first = expect(enrolling.enroll(&token, &csr).send().await.unwrap(), 201).await;
    let again = expect(enrolling.enroll(&token, &csr).send().await.unwrap(), 201).await;
    assert_eq!(first, again);
}

#[tokio::test]
async fn what_cannot_be_read_is_refused() {
    let enrolling = Enrolling::new().await;
    let token = enrolling.token(1, "client", &["a"], Duration::HOUR).await;
    let good = csr(&key(), "a", &[]);
    let mut tampered = CertificateRequest::from_pem(good.as_bytes())
        .unwrap()
        .der()
        .to_vec();
    *tampered.last_mut().unwrap() ^= 1;
    for (text, kind) in [
        ("", "malformed"),
        ("not base64!", "malformed"),
        ("AAAA", "bad_csr"),
        (&STANDARD.encode(tampered), "bad_csr"),
        (
            "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
            "bad_csr",
        ),
    ] {
        let kind = if text.is_empty() { "bad_csr" } else { kind };
        refused(
            enrolling.enroll(&token, text).send().await.unwrap(),
            400,
            kind,
        )
        .await;
    }
    let post = || {
        let request = enrolling.client(None).post(enrolling.url("/v1/enroll"));
        request.bearer_auth(&token)
    };
    let json = "application/json";
    for (body, media_type, status, kind) in [
        ("{", json, 400, "malformed"),
        (r#"{"csr": 7}"#, json, 400, "malformed"),
        (
            r#"{"csr": "AAAA", "subject": "CN=root"}"#,
            json,
            400,
            "malformed",
        ),
        (&*good, "application/pkcs10", 415, "unsupported_media_type"),
    ] {
        let request = post()
            .header("content-type", media_type)
            .body(body.to_owned());
        refused(request.send().await.unwrap(), status, kind).await;
    }
    let other = json!({ "csr": good, "profile": "server" });
    refused(
        post().json(&other).send().await.unwrap(),
        403,
        "profile_not_allowed",
    )
    .await;
    let same = json!({ "csr": good, "profile": "client" });
    expect(post().json(&same).send().await.unwrap(), 201).await;
    let refusals = enrolling.refusals().await;
    assert_eq!(refusals.len(), 10, "{refusals:#?}");
}

/// Devices that somebody else has identified, by a header that he alone can write.
struct Inventory;

impl Credential for Inventory {
    fn check<'a>(&'a self, request: CredentialRequest<'a>) -> Checking<'a> {
        Box::pin(async move {
            let Some(device) = request.headers.get("x-device") else {
                return Ok(None);
            };
            let device = device.to_str().unwrap();
            if device == "stolen" {
                let reason = "the device was reported stolen";
                return Err(CredentialError::Refused(reason.into()));
            }
            Ok(Some(Grant {
                requester: pki_store::Actor::new(format!("device:{device}")),
                profile: "client".into(),
                names: vec![format!("cn:{device}").parse().unwrap()],
                token: None,
            }))
        })
    }
}

#[tokio::test]
async fn another_kind_of_credential_decides_as_tokens_do() {
    let ca = crate::support::ca::Ca::new().await;
    let mut profile = pki_core::Profile::client();
    let urls = pki_enroll::PublicUrls::new(crate::support::ca::BASE);
    profile.crl_distribution_points = vec![urls.crl("default-issuing")];
    let service = Enrollment::new(EnrollmentCa {
        authority: ca.issuing.clone(),
        profiles: [("client".to_owned(), EnrollProfile::new(profile))].into(),
        roots: vec![ca.root.authority().certificate().clone()],
    });
    let router = enrollment(service.credential(Inventory));
    for (device, name, status) in [
        (Some("pump-3"), "pump-3", 201),
        (Some("pump-3"), "pump-4", 403),
        (Some("stolen"), "stolen", 401),
        (None, "pump-3", 401),
    ] {
        let mut request = axum::http::Request::post("/v1/enroll");
        request = request.header("content-type", "application/json");
        if let Some(device) = device {
            request = request.header("x-device", device);
        }
        let body = json!({ "csr": csr(&key(), name, &[]) }).to_string();
        let request = request.body(axum::body::Body::from(body)).unwrap();
        let response = tower_service::Service::call(&mut router.clone(), request).await;
        assert_eq!(
            response.unwrap().status().as_u16(),
            status,
            "{device:?} {name}"
        );
    }
    let rows = ca.store.audit(0, 100).await.unwrap();
    let refused: Vec<_> = rows.iter().filter(|row| row.event == "refused").collect();
    assert_eq!(refused.len(), 3);
    assert!(
        refused[1].detail.contains("reported stolen"),
        "{:?}",
        refused[1]
    );
}
