//! What the holder of a certificate may do with it, and with no other one.

use std::sync::Arc;

use axum::http::Request;
use mtls_server::MockClientCert;
use pki_core::{Authority, CertificateParameters, Profile};
use pki_enroll::{Enrollment, EnrollmentCa, PublicUrls, enrollment, est};
use reqwest::Response;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};
use tower_service::Service as _;
use x509_identity::{Certificate, SubjectAltName};

use crate::support::ca::{BASE, Ca, key, name};
use crate::support::enrollment::{Enrolling, Presented, csr, expect, refused};
use crate::support::est::est_csr;
use crate::support::http::after;

async fn renew(enrolling: &Enrolling, presented: Option<&Presented>, csr: &str) -> Response {
    let request = enrolling.client(presented).post(enrolling.url("/v1/renew"));
    request.json(&json!({ "csr": csr })).send().await.unwrap()
}

fn leaf(issued: &Value) -> Certificate {
    Certificate::from_pem(issued["chain"].as_str().unwrap().as_bytes()).unwrap()
}

#[tokio::test]
async fn a_certificate_renews_itself_with_its_names() {
    let enrolling = Enrolling::new().await;
    let first = enrolling.enrolled(1, "sensor-7").await;
    let new_key = key();
    let renewed = renew(&enrolling, Some(&first), &csr(&new_key, "sensor-7", &[])).await;
    let renewed = leaf(&expect(renewed, 201).await);
    let before = Certificate::from_pem(first.chain.as_bytes()).unwrap();
    assert_eq!(renewed.subject(), before.subject());
    assert_eq!(renewed.spki_der(), new_key.public_key_der());
    // Its own key again, and no names, which are the same ones then.
    let same_key = renew(&enrolling, Some(&first), &csr(&first.key, "", &[])).await;
    let same_key = leaf(&expect(same_key, 201).await);
    assert_eq!(same_key.subject(), before.subject());
    let filter = pki_store::Filter {
        name: Some("cn:sensor-7".parse().unwrap()),
        ..Default::default()
    };
    let (store, now) = (&enrolling.ca.store, OffsetDateTime::now_utc());
    let all = store.certificates(&filter, pki_store::Page::default(), now);
    let all = all.await.unwrap();
    assert_eq!(all.len(), 3);
    assert!(all.iter().all(|it| it.lineage == all[0].lineage));
    assert!(enrolling.refusals().await.is_empty());
}

#[tokio::test]
async fn names_do_not_change_with_a_renewal() {
    let enrolling = Enrolling::new().await;
    let first = enrolling.enrolled(1, "sensor-7").await;
    let other = SubjectAltName::Dns("admin.example.org".into());
    for (name, sans) in [
        ("admin", vec![]),
        ("sensor-7", vec![other.clone()]),
        ("", vec![other]),
    ] {
        let response = renew(&enrolling, Some(&first), &csr(&key(), name, &sans)).await;
        refused(response, 403, "names_changed").await;
    }
    let refusals = enrolling.refusals().await;
    assert_eq!(refusals.len(), 3);
    assert!(
        refusals.iter().all(|it| it.starts_with("certificate:")),
        "{refusals:?}"
    );
}

#[tokio::test]
async fn a_name_that_a_csr_repeats_is_one_name_with_a_renewal_too() {
    let enrolling = Enrolling::new().await;
    let dns = |name: &str| SubjectAltName::Dns(name.into());
    let name = "web.example.org";
    let repeated = [dns(name), dns("WEB.example.org"), dns(name)];
    let first = enrolling.enrolled_as(1, "client", name, &repeated).await;
    let before = Certificate::from_pem(first.chain.as_bytes()).unwrap();
    assert_eq!(before.sans(), [dns(name)]);
    let renewed = renew(&enrolling, Some(&first), &csr(&key(), name, &repeated)).await;
    let renewed = leaf(&expect(renewed, 201).await);
    assert_eq!(renewed.sans(), before.sans());
    let more = [&repeated[..], &[dns("api.example.org")]].concat();
    let response = renew(&enrolling, Some(&first), &csr(&key(), name, &more)).await;
    refused(response, 403, "names_changed").await;
}

#[tokio::test]
async fn a_certificate_that_is_not_good_renews_nothing() {
    let enrolling = Enrolling::new().await;
    let asked = csr(&key(), "", &[]);
    let none = renew(&enrolling, None, &asked).await;
    refused(none, 403, "certificate_required").await;

    let revoked = enrolling.enrolled(1, "revoked").await;
    let certificate = Certificate::from_pem(revoked.chain.as_bytes()).unwrap();
    enrolling.ca.revoke(&certificate).await;
    let response = renew(&enrolling, Some(&revoked), &asked).await;
    let problem = refused(response, 403, "certificate_not_valid").await;
    assert!(
        problem["detail"].as_str().unwrap().contains("revoked"),
        "{problem}"
    );

    // Of the CA's key, and not in its store: it was not issued by this CA.
    let issuing = enrolling.ca.issuing.authority();
    let unknown = signed_by(issuing, "unknown", OffsetDateTime::now_utc());
    let response = renew(&enrolling, Some(&unknown), &asked).await;
    refused(response, 403, "certificate_not_valid").await;

    // These do not even get a connection.
    let expired = signed_by(
        issuing,
        "expired",
        OffsetDateTime::now_utc() - Duration::days(3),
    );
    let stranger = Ca::new().await;
    let foreign = signed_by(
        stranger.issuing.authority(),
        "foreign",
        OffsetDateTime::now_utc(),
    );
    for refused in [expired, foreign] {
        let request = enrolling
            .client(Some(&refused))
            .post(enrolling.url("/v1/renew"));
        let error = request
            .json(&json!({ "csr": asked }))
            .send()
            .await
            .unwrap_err();
        assert!(error.status().is_none(), "{error}");
    }
    assert_eq!(enrolling.refusals().await.len(), 3);
}

#[tokio::test]
async fn what_is_revoked_while_its_request_arrives_renews_nothing() {
    for (path, media_type) in [
        ("/v1/renew", "application/json"),
        ("/.well-known/est/simplereenroll", "application/pkcs10"),
    ] {
        for revoked in [false, true] {
            let enrolling = Arc::new(Enrolling::new().await);
            let first = enrolling.enrolled(1, "sensor-7").await;
            let certificate = Certificate::from_pem(first.chain.as_bytes()).unwrap();
            let body = match media_type {
                "application/json" => json!({ "csr": csr(&key(), "", &[]) }).to_string(),
                _ => est_csr(&key(), "sensor-7", &[]),
            };
            let (at, mine) = (enrolling.clone(), certificate.clone());
            let revoking = async move {
                if revoked {
                    at.ca.revoke(&mine).await;
                }
            };
            let request = Request::post(path).header("content-type", media_type);
            let mut request = request.body(after(revoking, body)).unwrap();
            let client = MockClientCert::from_der(certificate.der()).unwrap();
            client.attach(request.extensions_mut());
            let service = Enrollment::following(enrolling.replace.subscribe());
            let mut router = enrollment(service.clone()).merge(est(service));
            let response = router.call(request).await.unwrap();
            let status = response.status().as_u16();
            let issued = [200, 201].contains(&status);
            assert_eq!(issued, !revoked, "{path}: {status}");
            let refusals = enrolling.refusals().await;
            assert_eq!(refusals.len(), usize::from(revoked), "{refusals:?}");
            assert!(refusals.iter().all(|it| it.contains("revoked")));
        }
    }
}

/// A client's certificate of 24 hours, whatever the store knows.
fn signed_by(authority: &Authority, common_name: &str, now: OffsetDateTime) -> Presented {
    let key = key();
    let parameters = CertificateParameters::for_key(key.public_key_der(), name(common_name));
    let issued = authority
        .issue(&parameters, &Profile::client(), now)
        .unwrap();
    Presented {
        chain: issued.chain_pem(),
        key,
    }
}

#[tokio::test]
async fn a_certificate_is_revoked_by_its_holder() {
    let enrolling = Enrolling::new().await;
    let (mine, other) = (
        enrolling.enrolled(1, "a").await,
        enrolling.enrolled(2, "b").await,
    );
    let revoke = async |presented: Option<&Presented>, body: Value| {
        let request = enrolling
            .client(presented)
            .post(enrolling.url("/v1/revoke"));
        request.json(&body).send().await.unwrap()
    };
    let none = revoke(None, json!({})).await;
    refused(none, 403, "certificate_required").await;
    let reason = revoke(Some(&mine), json!({ "reason": "ca-compromise" })).await;
    refused(reason, 400, "malformed").await;
    let body = json!({ "reason": "superseded" });
    let revoked = expect(revoke(Some(&mine), body.clone()).await, 200).await;
    assert_eq!(revoked["status"], "revoked");
    let again = expect(revoke(Some(&mine), body).await, 200).await;
    assert_eq!(again["revoked_at"], revoked["revoked_at"]);
    let asked = csr(&key(), "", &[]);
    refused(
        renew(&enrolling, Some(&mine), &asked).await,
        403,
        "certificate_not_valid",
    )
    .await;
    expect(renew(&enrolling, Some(&other), &asked).await, 201).await;
}

#[tokio::test]
async fn a_window_says_when_to_renew() {
    let enrolling = Enrolling::new().await;
    let mine = enrolling.enrolled(1, "a").await;
    let certificate = Certificate::from_pem(mine.chain.as_bytes()).unwrap();
    let info = async |serial: &str| {
        let url = enrolling.url(&format!("/v1/renewal-info/{serial}"));
        enrolling.client(None).get(url).send().await.unwrap()
    };
    let serial = certificate.serial().to_string();
    let response = info(&serial).await;
    assert!(response.headers().contains_key("retry-after"));
    let window = expect(response, 200).await;
    let at = |window: &Value, name: &str| {
        let text = window["suggestedWindow"][name].as_str().unwrap();
        OffsetDateTime::parse(text, &Rfc3339).unwrap()
    };
    let (begin, end) = (certificate.not_before(), certificate.not_after());
    let two_thirds = begin + (end - begin) * 2 / 3;
    assert!(at(&window, "start") < two_thirds && two_thirds < at(&window, "end"));
    assert!(at(&window, "start") > OffsetDateTime::now_utc());
    enrolling.ca.revoke(&certificate).await;
    let window = expect(info(&serial).await, 200).await;
    assert!(at(&window, "end") <= OffsetDateTime::now_utc());
    for unknown in ["0123", "x"] {
        refused(info(unknown).await, 404, "not_found").await;
    }
    let ca = enrolling.client(None).get(enrolling.url("/v1/ca")).send();
    let ca = expect(ca.await.unwrap(), 200).await;
    assert_eq!(ca["roots"].as_str().unwrap().matches("BEGIN").count(), 1);
    assert_eq!(ca["chain"].as_str().unwrap().matches("BEGIN").count(), 1);
}

#[tokio::test]
async fn the_servers_own_certificate_follows_the_ca() {
    let enrolling = Enrolling::new().await;
    let presented = async || {
        let ca = enrolling.client(None).get(enrolling.url("/v1/ca"));
        let response = ca.send().await.unwrap();
        let tls = response.extensions().get::<reqwest::tls::TlsInfo>();
        let der = tls.unwrap().peer_certificate().unwrap();
        Certificate::from_der(der).unwrap()
    };
    let before = presented().await;
    assert_eq!(before.sans(), [SubjectAltName::Dns("localhost".into())]);
    let life = before.not_after() - before.not_before();
    assert!(life <= Duration::hours(25), "{life}");
    assert_eq!(presented().await, before);
    // The same CA again, as when a profile was changed; and another one, whose CRL is elsewhere, after a rotation.
    let same = EnrollmentCa::clone(&enrolling.replace.borrow());
    let mut rotated = same.clone();
    rotated.authority = enrolling.ca.next_issuing().await;
    let crl = PublicUrls::new(BASE).crl("default-issuing-2");
    for profile in rotated.profiles.values_mut() {
        profile.profile.crl_distribution_points = vec![crl.clone()];
    }
    for next in [same, rotated] {
        let before = presented().await;
        let issuer = next.authority.authority().certificate().subject().clone();
        enrolling.replace.send_replace(next.into());
        let replaced = async {
            loop {
                let now = presented().await;
                if now != before {
                    break now;
                }
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        let replaced = tokio::time::timeout(crate::support::http::PATIENCE, replaced).await;
        assert_eq!(*replaced.unwrap().issuer(), issuer);
    }
}

#[tokio::test]
async fn the_client_renews_a_certificate_of_a_server() {
    let enrolling = Enrolling::new().await;
    let sans = [SubjectAltName::Dns("api.example.org".into())];
    let name = "api.example.org";
    let first = enrolling.enrolled_as(1, "server", name, &sans).await;
    let identity = |key: &pki_core::KeyPair, chain: &str| {
        let key = key.secret_pkcs8_pem();
        mtls_client::ClientIdentity::from_pem(chain.as_bytes(), key.as_bytes()).unwrap()
    };
    let root = enrolling.ca.root.authority().certificate();
    let roots = mtls_client::TrustAnchors::from_certs([root.der()]).unwrap();
    let enroller = mtls_client::Enroller::new(&enrolling.url(""), roots).unwrap();
    let new_key = key();
    let request = pki_core::CertificateRequest::build(
        &new_key,
        &"CN=api.example.org".parse().unwrap(),
        &sans,
    );
    let presented = identity(&first.key, &first.chain);
    let renewed = enroller.renew(presented, &request.unwrap()).await.unwrap();
    assert_eq!(renewed.certificate.sans(), sans);
    // As the agent does before it gives up the one before.
    let presented = identity(&new_key, &renewed.chain_pem);
    enroller.try_identity(presented).await.unwrap();
    assert!(enrolling.refusals().await.is_empty());
}
