//! An enrolment server on a real socket, and clients with and without a certificate.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use pki_core::{CertificateRequest, KeyPair, Profile};
use pki_enroll::{
    EnrollLimits, EnrollProfile, Enrollment, EnrollmentCa, EnrollmentServer, PublicUrls,
    ServerNames, Tokens, enrollment,
};
use pki_store::{NamePattern, NewToken, TokenRecord, TokenSecret};
use reqwest::{Client, RequestBuilder, Response};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use tokio::net::TcpListener;
use tokio::sync::watch;
use x509_identity::SubjectAltName;

use super::ca::{BASE, Ca, actor, key};

/// A CA with the profiles `client`, `short`, and `approved`, for which somebody has to approve.
pub struct Enrolling {
    pub ca: Ca,
    pub server: EnrollmentServer,
    pub replace: watch::Sender<Arc<EnrollmentCa>>,
}

/// A certificate with its key, as a client presents it.
pub struct Presented {
    pub chain: String,
    pub key: KeyPair,
}

impl Enrolling {
    pub async fn new() -> Self {
        Self::with(EnrollLimits::default()).await
    }

    pub async fn with(limits: EnrollLimits) -> Self {
        let ca = Ca::new().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::of(ca, listener, limits).await
    }

    /// The same CA again, after its server was gone, at the same address.
    pub async fn of(ca: Ca, listener: TcpListener, limits: EnrollLimits) -> Self {
        let client = EnrollProfile::new(profile(Profile::client()));
        let approved = EnrollProfile::new(profile(Profile::client()))
            .approved_within(std::time::Duration::from_secs(3600));
        let enrolling = EnrollmentCa {
            authority: ca.issuing.clone(),
            profiles: BTreeMap::from([("client".into(), client), ("approved".into(), approved)]),
            roots: vec![ca.root.authority().certificate().clone()],
        };
        let short = EnrollProfile::new(profile(short_lived()));
        let mut enrolling = enrolling;
        enrolling.profiles.insert("short".into(), short);
        let (replace, present) = watch::channel(Arc::new(enrolling));
        let service = Enrollment::following(present.clone())
            .limits(limits)
            .credential(Tokens::new(ca.store.clone()));
        let names = ServerNames {
            names: vec![SubjectAltName::Dns("localhost".into())],
            profile: profile(Profile::server()),
            profile_name: "server".into(),
        };
        let server = EnrollmentServer::start(listener, enrollment(service), names, present);
        Self {
            server: server.await.unwrap(),
            ca,
            replace,
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.server.local_addr()
    }

    pub fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.address().port())
    }

    /// A client that trusts the CA's root, and presents a certificate, if there is one.
    pub fn client(&self, presented: Option<&Presented>) -> Client {
        let mut roots = RootCertStore::empty();
        let root = self.ca.root.authority().certificate().der().to_vec();
        roots.add(CertificateDer::from(root)).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let config = match presented {
            Some(presented) => {
                let chain = CertificateDer::pem_slice_iter(presented.chain.as_bytes());
                let chain = chain.collect::<Result<Vec<_>, _>>().unwrap();
                let key = presented.key.secret_pkcs8_pem();
                let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
                config.with_client_auth_cert(chain, key).unwrap()
            }
            None => config.with_no_client_auth(),
        };
        let client = Client::builder()
            .tls_backend_preconfigured(config)
            .tls_info(true)
            .no_proxy();
        client.resolve("localhost", self.address()).build().unwrap()
    }

    pub async fn token(&self, number: u8, profile: &str, names: &[&str], life: Duration) -> String {
        self.new_token(number, profile, names, 1, life).await.1
    }

    /// One that ends after `life`, which may be over.
    pub async fn new_token(
        &self,
        number: u8,
        profile: &str,
        names: &[&str],
        uses: u32,
        life: Duration,
    ) -> (TokenRecord, String) {
        let secret = TokenSecret::from_random([number; 32]);
        let now = OffsetDateTime::now_utc();
        let names = names.iter().map(|it| it.parse::<NamePattern>().unwrap());
        let token = NewToken {
            ca: "default".into(),
            profile: profile.into(),
            names: names.collect(),
            uses,
            expires_at: now + life,
        };
        let (made_at, actor) = (now - Duration::DAY, actor());
        let made = self.ca.store.create_token(token, &secret, &actor, made_at);
        (made.await.unwrap(), secret.secret_text().to_string())
    }

    pub fn enroll(&self, token: &str, csr: &str) -> RequestBuilder {
        let request = self.client(None).post(self.url("/v1/enroll"));
        request.bearer_auth(token).json(&json!({ "csr": csr }))
    }

    /// Enrols a client of that name.
    pub async fn enrolled(&self, number: u8, name: &str) -> Presented {
        let token = self.token(number, "client", &[name], Duration::HOUR).await;
        let key = key();
        let response = self
            .enroll(&token, &csr(&key, name, &[]))
            .send()
            .await
            .unwrap();
        let issued = expect(response, 201).await;
        Presented {
            chain: issued["chain"].as_str().unwrap().to_owned(),
            key,
        }
    }

    /// What the audit log says was refused.
    pub async fn refusals(&self) -> Vec<String> {
        let rows = self.ca.store.audit(0, 10_000).await.unwrap();
        let rows = rows.into_iter().filter(|row| row.event == "refused");
        rows.map(|row| format!("{} {}", row.actor, row.detail))
            .collect()
    }
}

/// Clients' certificates of ten seconds.
fn short_lived() -> Profile {
    let mut profile = Profile::client();
    profile.validity.min = std::time::Duration::from_secs(1);
    profile.validity.default = std::time::Duration::from_secs(10);
    profile
}

fn profile(mut profile: Profile) -> Profile {
    profile.crl_distribution_points = vec![PublicUrls::new(BASE).crl("default-issuing")];
    profile
}

/// A CSR in PEM for `CN=name`, or for no subject where that is empty.
pub fn csr(key: &KeyPair, name: &str, sans: &[SubjectAltName]) -> String {
    let subject = match name {
        "" => String::new(),
        name => format!("CN={name}"),
    };
    let subject = subject.parse().unwrap();
    CertificateRequest::build(key, &subject, sans)
        .unwrap()
        .pem()
}

/// The JSON of a response that has this status.
#[track_caller]
pub fn expect(response: Response, status: u16) -> impl Future<Output = Value> {
    let place = std::panic::Location::caller();
    async move {
        let found = response.status();
        let text = response.text().await.unwrap();
        assert_eq!(found.as_u16(), status, "{place}: {text}");
        serde_json::from_str(&text).unwrap()
    }
}

/// The response is a refusal of this type, and says why in a sentence.
#[track_caller]
pub fn refused(response: Response, status: u16, kind: &str) -> impl Future<Output = Value> {
    let place = std::panic::Location::caller();
    let media_type = response.headers()["content-type"].clone();
    let kind = kind.to_owned();
    let body = expect(response, status);
    async move {
        let body = body.await;
        assert_eq!(media_type, "application/problem+json", "{place}");
        assert_eq!(body["type"], kind, "{place}: {body}");
        assert_eq!(body["status"], status, "{place}");
        assert!(
            body["detail"].as_str().unwrap().len() > 10,
            "{place}: {body}"
        );
        body
    }
}
