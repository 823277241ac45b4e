//! EST: renewing by the certificate itself, for clients and for servers.

use serde_json::json;
use time::Duration;
use x509_identity::{Certificate, SubjectAltName};

use crate::support::ca::key;
use crate::support::enrollment::{Enrolling, Presented, csr, expect, refused};
use crate::support::est::{certificates, est_csr, plainly_refused};

fn dns(name: &str) -> SubjectAltName {
    SubjectAltName::Dns(name.to_owned())
}

async fn reenroll(
    enrolling: &Enrolling,
    presented: Option<&Presented>,
    path: &str,
    body: String,
) -> reqwest::Response {
    let request = enrolling.est(presented, path, body);
    request.send().await.unwrap()
}

#[tokio::test]
async fn a_certificate_renews_itself_with_the_same_names() {
    let enrolling = Enrolling::new().await;
    let mut first = enrolling.enrolled(1, "router-1").await;
    let before = Certificate::from_pem(first.chain.as_bytes()).unwrap();
    // By EST a client gets no more than its certificate.
    first.chain = pki_core::certificate_pem(&before);
    for path in ["simplereenroll", "client/simplereenroll"] {
        let key = key();
        let body = est_csr(&key, "router-1", &[]);
        let issued = certificates(reenroll(&enrolling, Some(&first), path, body).await).await;
        assert_eq!(issued[0].subject(), before.subject());
        assert_eq!(issued[0].spki_der(), key.public_key_der());
    }
    for (path, name, sans, presented, status) in [
        ("simplereenroll", "router-2", vec![], Some(&first), 403),
        (
            "simplereenroll",
            "router-1",
            vec![dns("router-1.example.org")],
            Some(&first),
            403,
        ),
        (
            "server/simplereenroll",
            "router-1",
            vec![],
            Some(&first),
            403,
        ),
        ("simplereenroll", "router-1", vec![], None, 403),
    ] {
        let body = est_csr(&key(), name, &sans);
        let response = reenroll(&enrolling, presented, path, body).await;
        plainly_refused(response, status).await;
    }
    enrolling.ca.revoke(&before).await;
    let body = est_csr(&key(), "router-1", &[]);
    let response = reenroll(&enrolling, Some(&first), "simplereenroll", body).await;
    let text = plainly_refused(response, 403).await;
    assert!(text.contains("revoked"), "{text}");
    assert_eq!(enrolling.refusals().await.len(), 5);
}

#[tokio::test]
async fn a_certificate_of_a_server_renews_itself_and_does_nothing_else() {
    let enrolling = Enrolling::new().await;
    let sans = [dns("api.example.org")];
    let mut server = enrolling
        .enrolled_as(1, "server", "api.example.org", &sans)
        .await;
    let leaf = Certificate::from_pem(server.chain.as_bytes()).unwrap();
    server.chain = pki_core::certificate_pem(&leaf);
    let body = est_csr(&key(), "api.example.org", &sans);
    let issued = reenroll(&enrolling, Some(&server), "simplereenroll", body).await;
    let issued = certificates(issued).await;
    assert_eq!(issued[0].sans(), sans);
    let client = enrolling.client(Some(&server));
    let renew = client.post(enrolling.url("/v1/renew"));
    let renew = renew.json(&json!({ "csr": csr(&key(), "", &[]) }));
    let renewed = expect(renew.send().await.unwrap(), 201).await;
    assert_eq!(renewed["profile"], "server");
    for public in ["/v1/ca", "/.well-known/est/cacerts"] {
        let response = client.get(enrolling.url(public)).send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200, "{public}");
    }
    let token = enrolling.token(2, "client", &["a"], Duration::HOUR).await;
    let enroll = client.post(enrolling.url("/v1/enroll")).bearer_auth(&token);
    let enroll = enroll.json(&json!({ "csr": csr(&key(), "a", &[]) }));
    let revoke = client.post(enrolling.url("/v1/revoke")).json(&json!({}));
    let est = enrolling.est(Some(&server), "simpleenroll", est_csr(&key(), "a", &[]));
    let est = est.basic_auth("", Some(&token));
    for request in [enroll, revoke, est] {
        refused(request.send().await.unwrap(), 403, "certificate_not_valid").await;
    }
    let changed = est_csr(&key(), "api.example.org", &[dns("admin.example.org")]);
    let changed = reenroll(&enrolling, Some(&server), "simplereenroll", changed).await;
    plainly_refused(changed, 403).await;
    // Of the same CA, and not in its store.
    let key = key();
    let parameters = pki_core::CertificateParameters::for_key(
        key.public_key_der(),
        "CN=api.example.org".parse().unwrap(),
    );
    let profile = pki_core::Profile::server();
    let issuing = enrolling.ca.issuing.authority();
    let now = time::OffsetDateTime::now_utc();
    let unknown = issuing.issue(&parameters.sans(sans.to_vec()), &profile, now);
    let unknown = Presented {
        chain: unknown.unwrap().chain_pem(),
        key,
    };
    let body = est_csr(&crate::support::ca::key(), "api.example.org", &sans);
    let response = reenroll(&enrolling, Some(&unknown), "simplereenroll", body).await;
    plainly_refused(response, 403).await;
    let refusals = enrolling.refusals().await;
    assert_eq!(refusals.len(), 5, "{refusals:#?}");
}
