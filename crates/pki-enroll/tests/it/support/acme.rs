//! An ACME client that can do wrong, a CA with ACME, and a web server that meets challenges.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pki_core::{CertificateRequest, KeyPair, Profile};
use pki_enroll::{
    Acme, AcmeSettings, EnrollLimits, EnrollProfile, Enrollment, EnrollmentCa, EnrollmentServer,
    ServerNames, acme, enrollment,
};
use pki_store::{AcmeMac, NewAcmeKey};
use reqwest::{Client, Response};
use rustls_pki_types::pem::PemObject as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use time::{Duration, OffsetDateTime};
use tokio::net::TcpListener;
use tokio::sync::watch;
use x509_identity::SubjectAltName;

use super::ca::{Ca, actor};
use super::enrollment::profile;
use super::http;

/// A CA with ACME for the profile `server`, and a web server at which each name is found.
pub struct WithAcme {
    pub ca: Ca,
    pub server: EnrollmentServer,
    /// What the web server has under `/.well-known/acme-challenge/`.
    pub answers: Answers,
    pub client: Client,
    _web: pki_enroll::HttpServer,
    _stop: watch::Sender<bool>,
    pub replace: watch::Sender<Arc<EnrollmentCa>>,
}

pub type Answers = Arc<Mutex<BTreeMap<String, String>>>;

/// The key of an account.
pub struct AccountKey(EcdsaKeyPair);

/// A client with an account, or without one yet.
pub struct AcmeClient<'a> {
    with: &'a WithAcme,
    pub key: AccountKey,
    pub kid: Option<String>,
    pub directory: Value,
    nonce: Mutex<Option<String>>,
}

impl WithAcme {
    pub async fn new() -> Self {
        Self::with(|_| {}, EnrollLimits::default()).await
    }

    pub async fn with(change: impl FnOnce(&mut AcmeSettings), limits: EnrollLimits) -> Self {
        let ca = Ca::new().await;
        let answers = Answers::default();
        let served = answers.clone();
        let web = Router::new().route(
            "/.well-known/acme-challenge/{token}",
            get(async move |Path(token): Path<String>| {
                served
                    .lock()
                    .unwrap()
                    .get(&token)
                    .cloned()
                    .unwrap_or_default()
            }),
        );
        let web = http::serve(web, pki_enroll::HttpLimits::default()).await;
        let mut settings = AcmeSettings::default();
        settings.http_port = web.local_addr().port();
        settings.networks = vec!["127.0.0.0/8".parse().unwrap()];
        for name in NAMES {
            settings.hosts.insert(name.into(), web.local_addr().ip());
        }
        settings.device_profiles.insert("phone".into());
        change(&mut settings);
        let server = EnrollProfile::new(profile(Profile::server()));
        let client = EnrollProfile::new(profile(Profile::client()));
        let approved = server
            .clone()
            .approved_within(std::time::Duration::from_secs(60));
        let subject = serde_json::from_value(json!({ "CN": [DEVICE] })).unwrap();
        let phone = EnrollProfile::new(profile(Profile::client().with_subject(subject)));
        let enrolling = EnrollmentCa {
            authority: ca.issuing.clone(),
            profiles: BTreeMap::from([
                ("server".into(), server),
                ("client".into(), client),
                ("approved".into(), approved),
                ("phone".into(), phone),
            ]),
            roots: vec![ca.root.authority().certificate().clone()],
        };
        let (replace, present) = watch::channel(Arc::new(enrolling));
        let service = Enrollment::following(present.clone()).limits(limits);
        let service_of_acme = Acme::new(service.clone(), settings).unwrap();
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(service_of_acme.clone().run(stopped));
        let router = enrollment(service).merge(acme(service_of_acme));
        let names = ServerNames {
            names: vec![SubjectAltName::Dns("localhost".into())],
            profile: profile(Profile::server()),
            profile_of_ca: None,
            profile_name: "enrollment-server".into(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = EnrollmentServer::start(listener, router, names, present);
        let server = server.await.unwrap();
        let client = super::enrollment::client(&ca, server.local_addr(), None);
        Self {
            ca,
            server,
            answers,
            client,
            _web: web,
            _stop: stop,
            replace,
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.server.local_addr()
    }

    pub fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.address().port())
    }

    pub async fn get(&self, url: &str) -> Response {
        self.client.get(url).send().await.unwrap()
    }

    /// A key of the external account binding: what it is called, and the MAC key.
    pub async fn external_key(&self, kid: &str, names: &[&str], uses: u32) -> AcmeMac {
        let now = OffsetDateTime::now_utc();
        let mac = AcmeMac::from_random([7; 32]);
        let key = NewAcmeKey {
            ca: "default".into(),
            kid: kid.into(),
            profiles: vec!["server".into()],
            names: names.iter().map(|it| it.parse().unwrap()).collect(),
            uses,
            expires_at: now + Duration::HOUR,
        };
        let made = self
            .ca
            .store
            .create_acme_key(key, &mac, &actor(), now)
            .await;
        made.unwrap();
        mac
    }

    pub async fn client(&self) -> AcmeClient<'_> {
        self.client_of("server").await
    }

    pub async fn client_of(&self, profile: &str) -> AcmeClient<'_> {
        let url = self.url(&format!("/acme/{profile}/directory"));
        AcmeClient {
            with: self,
            key: AccountKey::new(),
            kid: None,
            directory: super::enrollment::expect(self.get(&url).await, 200).await,
            nonce: Mutex::default(),
        }
    }

    /// A client with an account, which may order `names`.
    pub async fn account(&self, kid: &str, names: &[&str]) -> AcmeClient<'_> {
        let mac = self.external_key(kid, names, 1).await;
        let mut client = self.client().await;
        let response = client.new_account(kid, &mac).await;
        assert_eq!(response.status(), 201, "{}", response.text().await.unwrap());
        client.kid = Some(header(&response, "location"));
        client
    }

    /// The events of the audit log.
    pub async fn events(&self, event: &str) -> Vec<String> {
        let rows = self.ca.store.audit(0, 10_000).await.unwrap();
        let rows = rows.into_iter().filter(|row| row.event == event);
        rows.map(|row| format!("{} {}", row.actor, row.detail))
            .collect()
    }
}

impl AccountKey {
    pub fn new() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    /// One, and the same as PKCS#8 in PEM.
    pub fn in_pem() -> (Self, String) {
        let key = super::ca::key();
        let pem = key.secret_pkcs8_pem().to_string();
        let der = rustls_pki_types::PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).unwrap();
        let der = der.secret_pkcs8_der();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).unwrap();
        (Self(pair), pem)
    }

    pub fn jwk(&self) -> Value {
        let point = self.0.public_key().as_ref();
        json!({
            "crv": "P-256",
            "kty": "EC",
            "x": URL_SAFE_NO_PAD.encode(&point[1..33]),
            "y": URL_SAFE_NO_PAD.encode(&point[33..]),
        })
    }

    pub fn thumbprint(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.jwk().to_string()))
    }

    pub fn sign(&self, protected: &Value, payload: &str) -> Value {
        let protected = URL_SAFE_NO_PAD.encode(protected.to_string());
        let payload = URL_SAFE_NO_PAD.encode(payload);
        let message = format!("{protected}.{payload}");
        let signature = self
            .0
            .sign(&SystemRandom::new(), message.as_bytes())
            .unwrap();
        let signature = URL_SAFE_NO_PAD.encode(signature);
        json!({ "protected": protected, "payload": payload, "signature": signature })
    }
}

impl AcmeClient<'_> {
    pub fn url(&self, name: &str) -> String {
        self.directory[name].as_str().unwrap().to_owned()
    }

    pub async fn nonce(&self) -> String {
        let kept = self.nonce.lock().unwrap().take();
        match kept {
            Some(nonce) => nonce,
            None => {
                let request = self.with.client.head(self.url("newNonce"));
                header(&request.send().await.unwrap(), "replay-nonce")
            }
        }
    }

    /// What is signed over: by the account, or by the key where there is none.
    pub async fn protected(&self, url: &str) -> Value {
        let mut protected = json!({ "alg": "ES256", "nonce": self.nonce().await, "url": url });
        match &self.kid {
            Some(kid) => protected["kid"] = json!(kid),
            None => protected["jwk"] = self.key.jwk(),
        }
        protected
    }

    pub async fn send(&self, url: &str, jws: &Value) -> Response {
        let request = self.with.client.post(url).body(jws.to_string());
        let request = request.header("content-type", "application/jose+json");
        let response = request.send().await.unwrap();
        *self.nonce.lock().unwrap() = Some(header(&response, "replay-nonce"));
        response
    }

    pub async fn post(&self, url: &str, payload: &Value) -> Response {
        let protected = self.protected(url).await;
        let jws = self.key.sign(&protected, &payload.to_string());
        self.send(url, &jws).await
    }

    /// POST-as-GET.
    pub async fn read(&self, url: &str) -> Response {
        let protected = self.protected(url).await;
        self.send(url, &self.key.sign(&protected, "")).await
    }

    pub fn binding(&self, kid: &str, mac: &AcmeMac, url: &str) -> Value {
        let protected = json!({ "alg": "HS256", "kid": kid, "url": url }).to_string();
        let protected = URL_SAFE_NO_PAD.encode(protected);
        let payload = URL_SAFE_NO_PAD.encode(self.key.jwk().to_string());
        let key = hmac::Key::new(hmac::HMAC_SHA256, mac.secret_bytes());
        let tag = hmac::sign(&key, format!("{protected}.{payload}").as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(tag);
        json!({ "protected": protected, "payload": payload, "signature": signature })
    }

    pub async fn new_account(&self, kid: &str, mac: &AcmeMac) -> Response {
        let url = self.url("newAccount");
        let binding = self.binding(kid, mac, &url);
        let payload = json!({
            "contact": ["mailto:a@example.org"],
            "termsOfServiceAgreed": true,
            "externalAccountBinding": binding,
        });
        self.post(&url, &payload).await
    }

    /// A new order, which is taken; its URL and what it says.
    pub async fn order(&self, names: &[&str]) -> (String, Value) {
        let identifiers: Vec<_> = names.iter().map(|name| identifier(name)).collect();
        let payload = json!({ "identifiers": identifiers });
        let response = self.post(&self.url("newOrder"), &payload).await;
        let url = header(&response, "location");
        (url, super::enrollment::expect(response, 201).await)
    }

    /// Says that all challenges of this kind are met, after having met them if `met` says so.
    pub async fn answer(&self, order: &Value, kind: &str, met: bool) {
        for authorization in order["authorizations"].as_array().unwrap() {
            let authorization = self.read(authorization.as_str().unwrap()).await;
            let authorization = super::enrollment::expect(authorization, 200).await;
            let challenges = authorization["challenges"].as_array().unwrap();
            let challenge = challenges.iter().find(|it| it["type"] == kind).unwrap();
            let token = challenge["token"].as_str().unwrap();
            let answer = match met {
                true => format!("{token}.{}\n", self.key.thumbprint()),
                false => format!("{token}.{}", AccountKey::new().thumbprint()),
            };
            self.with
                .answers
                .lock()
                .unwrap()
                .insert(token.into(), answer);
            let url = challenge["url"].as_str().unwrap();
            super::enrollment::expect(self.post(url, &json!({})).await, 200).await;
        }
    }

    /// The token and the URL of the challenge of this kind.
    pub async fn challenge(&self, order: &Value, kind: &str) -> (String, String) {
        let url = order["authorizations"][0].as_str().unwrap();
        let authorization = super::enrollment::expect(self.read(url).await, 200).await;
        let challenges = authorization["challenges"].as_array().unwrap();
        let challenge = challenges.iter().find(|it| it["type"] == kind).unwrap();
        let text = |name: &str| challenge[name].as_str().unwrap().to_owned();
        (text("token"), text("url"))
    }

    pub fn key_authorization_hash(&self, token: &str) -> [u8; 32] {
        Sha256::digest(format!("{token}.{}", self.key.thumbprint())).into()
    }

    /// Asks until the order is no longer in these states.
    pub async fn until(&self, order: &str, states: &[&str]) -> Value {
        let start = std::time::Instant::now();
        loop {
            let found = super::enrollment::expect(self.read(order).await, 200).await;
            if !states.contains(&found["status"].as_str().unwrap()) {
                return found;
            }
            assert!(start.elapsed() < http::PATIENCE, "{found}");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    /// An order that is ready.
    pub async fn ready(&self, names: &[&str]) -> (String, Value) {
        let (url, order) = self.order(names).await;
        self.answer(&order, "http-01", true).await;
        let order = self.until(&url, &["pending"]).await;
        assert_eq!(order["status"], "ready", "{order}");
        (url, order)
    }

    pub async fn finalize(&self, order: &Value, key: &KeyPair, names: &[&str]) -> Response {
        let payload = json!({ "csr": csr(key, names) });
        self.post(order["finalize"].as_str().unwrap(), &payload)
            .await
    }

    /// The chain of a new certificate, in PEM.
    pub async fn issue(&self, key: &KeyPair, names: &[&str]) -> String {
        let (_, order) = self.ready(names).await;
        let response = self.finalize(&order, key, names).await;
        let order = super::enrollment::expect(response, 200).await;
        assert_eq!(order["status"], "valid", "{order}");
        let url = order["certificate"].as_str().unwrap();
        let response = self.read(url).await;
        assert_eq!(
            header(&response, "content-type"),
            "application/pem-certificate-chain"
        );
        response.text().await.unwrap()
    }
}

pub fn header(response: &Response, name: &str) -> String {
    let value = response.headers().get(name);
    value.map_or("", |value| value.to_str().unwrap()).to_owned()
}

fn identifier(name: &str) -> Value {
    let kind = match name.parse::<std::net::IpAddr>() {
        Ok(_) => "ip",
        Err(_) => "dns",
    };
    json!({ "type": kind, "value": name })
}

/// A CSR as ACME sends it.
pub fn csr(key: &KeyPair, names: &[&str]) -> String {
    let sans: Vec<_> = names
        .iter()
        .map(|name| match name.parse() {
            Ok(address) => SubjectAltName::Ip(address),
            Err(_) => SubjectAltName::Dns((*name).into()),
        })
        .collect();
    let csr = CertificateRequest::build(key, &"".parse().unwrap(), &sans).unwrap();
    URL_SAFE_NO_PAD.encode(csr.der())
}

/// The response is a problem of this kind; what it says.
#[track_caller]
pub fn problem(response: Response, status: u16, kind: &str) -> impl Future<Output = Value> {
    let place = std::panic::Location::caller();
    let kind = format!("urn:ietf:params:acme:error:{kind}");
    assert_eq!(
        header(&response, "content-type"),
        "application/problem+json",
        "{place}"
    );
    assert!(!header(&response, "replay-nonce").is_empty(), "{place}");
    let body = super::enrollment::expect(response, status);
    async move {
        let body = body.await;
        assert_eq!(body["type"], kind, "{place}: {body}");
        assert!(
            body["detail"].as_str().unwrap().len() > 10,
            "{place}: {body}"
        );
        body
    }
}

/// What a server presents for one challenge of `tls-alpn-01`.
pub fn challenge_certificate(name: &str, hash: &[u8], protocol: &str) -> Arc<rustls::ServerConfig> {
    let mut parameters = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
    parameters.custom_extensions = vec![rcgen::CustomExtension::new_acme_identifier(hash)];
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = parameters.self_signed(&key).unwrap();
    let key = rustls_pki_types::PrivatePkcs8KeyDer::from(key.serialize_der());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    // The extension is critical, and rustls does not know it.
    let key = provider.key_provider.load_private_key(key.into()).unwrap();
    let key = rustls::sign::CertifiedKey::new(vec![certificate.der().clone()], key);
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(key)));
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    Arc::new(config)
}

/// Presents what is set at the moment, to each that connects.
pub async fn present(
    listener: TcpListener,
    presented: Arc<Mutex<Option<Arc<rustls::ServerConfig>>>>,
) {
    while let Ok((stream, _)) = listener.accept().await {
        let config = presented.lock().unwrap().clone().unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(config);
        let _ = acceptor.accept(stream).await;
    }
}

/// The device that the profile `phone` is for.
pub const DEVICE: &str = "C02XL0ABJGH5";

/// Names that are found at the web server.
const NAMES: [&str; 3] = ["a.example.org", "b.example.org", "c.example.com"];
