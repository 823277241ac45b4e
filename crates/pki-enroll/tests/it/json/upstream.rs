//! Enrolment in front of a CA that somebody else has, and that takes its time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::StatusCode;
use pki_core::ocsp::OcspRequest;
use pki_core::verify::RevocationReason;
use pki_core::{Authority, CertificateParameters, KeyKind, KeyPair, Profile};
use pki_enroll::{
    EnrollProfile, Enrollment, EnrollmentCa, HttpLimits, HttpServer, Publication, Publisher,
    Responder, Tokens, enrollment, est,
};
use pki_store::{CertificateAuthority, IssuerRole, NewIssuer, NewToken, Store, TokenSecret};
use pki_upstream::{
    Answering, Listed, Revoked, UpstreamAnswer, UpstreamCa, UpstreamCertificate, UpstreamError,
    UpstreamRequest,
};
use serde_json::{Value, json};
use time::OffsetDateTime;
use x509_identity::{Certificate, SerialNumber};

use crate::support::ca::{actor, key};
use crate::support::enrollment::csr;
use crate::support::http::{Response, get, send, serve};

/// Decides when it is told to.
#[derive(Debug)]
struct Slow {
    authority: Authority,
    waiting: Mutex<Option<UpstreamRequest>>,
    decision: Mutex<Decision>,
}

#[derive(Clone, Copy, Debug)]
enum Decision {
    None,
    Yes,
    No,
}

impl Slow {
    fn decide(&self, decision: Decision) {
        *self.decision.lock().unwrap() = decision;
    }

    fn answer(&self) -> Result<UpstreamAnswer, UpstreamError> {
        match *self.decision.lock().unwrap() {
            Decision::None => Ok(UpstreamAnswer::Pending {
                handle: "the first one".into(),
                retry_after: Duration::from_millis(900),
            }),
            Decision::No => Err(UpstreamError::Refused {
                upstream: self.name(),
                said: ": not this one".into(),
            }),
            Decision::Yes => {
                let waiting = self.waiting.lock().unwrap().clone().unwrap();
                let approved = waiting.approved;
                let parameters =
                    CertificateParameters::for_key(approved.spki_der(), approved.subject().clone());
                let now = approved.not_before() + time::Duration::minutes(1);
                let issued = self.authority.issue(&parameters, &Profile::client(), now);
                let certificate = issued.unwrap().certificate().clone();
                Ok(UpstreamAnswer::Issued(Box::new(certificate)))
            }
        }
    }
}

impl UpstreamCa for Slow {
    fn name(&self) -> String {
        "a slow CA".into()
    }

    fn issue<'a>(&'a self, request: &'a UpstreamRequest) -> Answering<'a, UpstreamAnswer> {
        *self.waiting.lock().unwrap() = Some(request.clone());
        Box::pin(async { self.answer() })
    }

    fn collect<'a>(&'a self, _: &'a str) -> Answering<'a, UpstreamAnswer> {
        Box::pin(async { self.answer() })
    }

    fn revoke<'a>(&'a self, _: &'a SerialNumber, _: RevocationReason) -> Answering<'a, Revoked> {
        Box::pin(async { Ok(Revoked::Done) })
    }

    fn list<'a>(&'a self, _: Option<&'a str>) -> Answering<'a, Option<Listed>> {
        Box::pin(async { Ok(None) })
    }

    fn certificate<'a>(
        &'a self,
        _: &'a SerialNumber,
    ) -> Answering<'a, Option<UpstreamCertificate>> {
        Box::pin(async { Ok(None) })
    }
}

struct Site {
    _directory: tempfile::TempDir,
    store: Store,
    upstream: Arc<Slow>,
    server: HttpServer,
}

impl Site {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("store.db").into()).await;
        let store = store.unwrap();
        let now = OffsetDateTime::now_utc();
        let key = KeyPair::generate(KeyKind::P256).unwrap();
        let name = "CN=Elsewhere".parse().unwrap();
        let authority = Authority::root(name, key, &Profile::root(), now).unwrap();
        let chain = authority.chain().to_vec();
        let issuer = NewIssuer::new("default", IssuerRole::Upstream, chain.clone());
        store.add_issuer(issuer, &actor(), now).await.unwrap();
        let upstream = Arc::new(Slow {
            authority,
            waiting: Mutex::default(),
            decision: Mutex::new(Decision::None),
        });
        let here = Authority::without_key(chain.clone()).unwrap();
        let ca = CertificateAuthority::with_upstream(here, upstream.clone(), store.clone());
        let profile = EnrollProfile::new(Profile::client());
        let service = Enrollment::new(EnrollmentCa {
            authority: ca.await.unwrap(),
            profiles: BTreeMap::from([("client".into(), profile)]),
            roots: chain,
        });
        let service = service.credential(Tokens::new(store.clone()));
        let router = enrollment(service.clone()).merge(est(service));
        Self {
            _directory: directory,
            server: serve(router, HttpLimits::default()).await,
            store,
            upstream,
        }
    }

    async fn token(&self, number: u8) -> String {
        let secret = TokenSecret::from_random([number; 32]);
        let now = OffsetDateTime::now_utc();
        let token = NewToken {
            ca: "default".into(),
            profile: "client".into(),
            names: vec!["sensor-7".parse().unwrap()],
            uses: 1,
            expires_at: now + time::Duration::HOUR,
        };
        let actor = actor();
        let made = self.store.create_token(token, &secret, &actor, now);
        made.await.unwrap();
        secret.secret_text().to_string()
    }

    async fn enroll(&self, token: &str, csr: &str) -> Response {
        let bearer = format!("Bearer {token}");
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
        ];
        let body = json!({ "csr": csr }).to_string();
        send(
            self.server.local_addr(),
            "POST",
            "/v1/enroll",
            &headers,
            body,
        )
        .await
    }

    async fn ask(&self, token: &str, location: &str) -> Response {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str())];
        get(self.server.local_addr(), location, &headers).await
    }

    /// Until the upstream may be asked again.
    async fn answered(&self, token: &str, location: &str) -> Response {
        loop {
            let response = self.ask(token, location).await;
            if response.status != StatusCode::ACCEPTED {
                return response;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

fn body(response: &Response) -> Value {
    serde_json::from_slice(&response.body).unwrap()
}

#[tokio::test]
async fn a_device_waits_until_the_upstream_has_decided() {
    let site = Site::new().await;
    let (token, key) = (site.token(1).await, key());
    let asked = csr(&key, "sensor-7", &[]);
    let waiting = site.enroll(&token, &asked).await;
    assert_eq!(waiting.status, StatusCode::ACCEPTED);
    assert_eq!(waiting.field("retry-after"), "1");
    let id = body(&waiting)["id"].as_str().unwrap().to_owned();
    let location = waiting.field("location").to_owned();
    assert_eq!(location, format!("/v1/requests/{id}"));
    // As an EST client does: the same again.
    let again = site.enroll(&token, &asked).await;
    assert_eq!(again.status, StatusCode::ACCEPTED);
    assert_eq!(body(&again)["id"], id);
    let other = site.token(2).await;
    assert_eq!(
        site.ask(&other, &location).await.status,
        StatusCode::NOT_FOUND
    );

    site.upstream.decide(Decision::Yes);
    let issued = site.answered(&token, &location).await;
    assert_eq!(issued.status, StatusCode::CREATED);
    let issued = body(&issued);
    let leaf = Certificate::from_pem(issued["chain"].as_str().unwrap().as_bytes()).unwrap();
    assert_eq!(leaf.spki_der(), key.public_key_der());
    assert_eq!(body(&site.ask(&token, &location).await), issued);
    assert_eq!(body(&site.enroll(&token, &asked).await), issued);
}

#[tokio::test]
async fn what_the_upstream_refuses_is_refused() {
    let site = Site::new().await;
    let token = site.token(1).await;
    let asked = csr(&key(), "sensor-7", &[]);
    let waiting = site.enroll(&token, &asked).await;
    let location = waiting.field("location").to_owned();
    site.upstream.decide(Decision::No);
    let refused = site.answered(&token, &location).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(body(&refused)["type"], "refused_by_policy");
    let events = site.store.audit(0, 100).await.unwrap();
    let events: Vec<_> = events.iter().map(|row| row.event.as_str()).collect();
    assert!(events.contains(&"upstream-pending"), "{events:?}");
    assert!(events.contains(&"failed"), "{events:?}");
}

#[tokio::test]
async fn an_est_client_is_told_to_send_the_same_again() {
    let site = Site::new().await;
    let bearer = format!("Bearer {}", site.token(1).await);
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/pkcs10"),
    ];
    let path = "/.well-known/est/client/simpleenroll";
    let asked = csr(&key(), "sensor-7", &[]);
    let address = site.server.local_addr();
    let waiting = send(address, "POST", path, &headers, asked.clone()).await;
    assert_eq!(waiting.status, StatusCode::ACCEPTED);
    assert_eq!(waiting.field("retry-after"), "1");
    site.upstream.decide(Decision::Yes);
    loop {
        let response = send(address, "POST", path, &headers, asked.clone()).await;
        if response.status == StatusCode::OK {
            break;
        }
        assert_eq!(response.status, StatusCode::ACCEPTED);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn crls_and_ocsp_are_left_to_the_upstream() {
    let site = Site::new().await;
    let (publication, responder) = (Publication::new(), Responder::new(site.store.clone()));
    let mut publisher = Publisher::new(site.store.clone(), publication.clone(), responder.clone());
    publisher.refresh(OffsetDateTime::now_utc()).await.unwrap();
    let paths = publication.paths();
    assert!(
        paths.iter().all(|path| path.starts_with("/ca/")),
        "{paths:?}"
    );
    assert!(!paths.is_empty());
    let root = site.upstream.authority.certificate();
    let request = OcspRequest::for_certificate(root, root);
    let router = pki_enroll::ocsp(responder);
    let server = serve(router, HttpLimits::default()).await;
    let headers = [("content-type", "application/ocsp-request")];
    let request = request.to_der().unwrap();
    let response = send(server.local_addr(), "POST", "/ocsp", &headers, request).await;
    // OCSPResponseStatus unauthorized (RFC 6960 section 4.2.1).
    assert_eq!(&response.body[..], [0x30, 3, 0x0a, 1, 6]);
}
