//! An enrolment server on a real socket, and clients with and without a certificate.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response as AnyResponse};
use pki_core::{CertificateRequest, KeyPair, Profile};
use pki_enroll::{
    EnrollLimits, EnrollProfile, Enrollment, EnrollmentCa, EnrollmentServer, PublicUrls,
    ServerNames, Tokens, enrollment, est,
};
use pki_store::{ApprovalRequest, NamePattern, NewToken, Page, TokenRecord, TokenSecret};
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

/// A CA with the profiles `client`, `short`, `server`, `approved`, for which somebody has to approve, and `factory`, whose
/// certificates may be used to ask for one of `client`.
pub struct Enrolling {
    pub ca: Ca,
    pub server: EnrollmentServer,
    pub replace: watch::Sender<Arc<EnrollmentCa>>,
    faults: Arc<Faults>,
}

/// How many of the next requests something happens to.
#[derive(Default)]
struct Faults {
    /// Renewals that are answered as by a CA that has not decided yet.
    stalls: AtomicU32,
    /// Requests whose answer is lost, as by a proxy that gives up.
    lost_answers: AtomicU32,
    /// Requests that do not arrive.
    lost_requests: AtomicU32,
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
        let server = EnrollProfile::new(profile(Profile::server()));
        let factory = EnrollProfile::new(profile(Profile::client())).enrolls_for(["client"]);
        let mut enrolling = enrolling;
        let more = [("short", short), ("server", server), ("factory", factory)];
        let more = more.map(|(name, profile)| (name.to_owned(), profile));
        enrolling.profiles.extend(more);
        let (replace, present) = watch::channel(Arc::new(enrolling));
        let service = Enrollment::following(present.clone())
            .limits(limits)
            .credential(Tokens::new(ca.store.clone()));
        let names = ServerNames {
            names: vec![SubjectAltName::Dns("localhost".into())],
            profile: profile(Profile::server()),
            profile_of_ca: Some("server".into()),
            profile_name: "server".into(),
        };
        let faults = Arc::new(Faults::default());
        let router = enrollment(service.clone())
            .merge(est(service))
            .layer(from_fn_with_state(faults.clone(), fail));
        let server = EnrollmentServer::start(listener, router, names, present);
        Self {
            server: server.await.unwrap(),
            ca,
            replace,
            faults,
        }
    }

    /// Has so many of the next renewals answered as by a CA that has not decided yet.
    pub fn stall_renewals(&self, count: u32) {
        self.faults.stalls.store(count, Ordering::SeqCst);
    }

    /// How many of them there still are.
    pub fn stalled(&self) -> u32 {
        self.faults.stalls.load(Ordering::SeqCst)
    }

    /// Has the answers to so many of the next requests for a certificate lost.
    pub fn lose_answers(&self, count: u32) {
        self.faults.lost_answers.store(count, Ordering::SeqCst);
    }

    /// Has so many of the next requests for a certificate lost.
    pub fn lose_requests(&self, count: u32) {
        self.faults.lost_requests.store(count, Ordering::SeqCst);
    }

    /// Has every challenge forgotten, as after its time.
    pub fn forget_challenges(&self) {
        let database = rusqlite::Connection::open(self.ca.directory.path().join("store.db"));
        let forgotten = database.unwrap().execute("DELETE FROM challenges", []);
        assert_ne!(forgotten.unwrap(), 0);
    }

    pub fn address(&self) -> SocketAddr {
        self.server.local_addr()
    }

    pub fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.address().port())
    }

    /// A client that trusts the CA's root, and presents a certificate, if there is one.
    pub fn client(&self, presented: Option<&Presented>) -> Client {
        client(&self.ca, self.address(), presented)
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
        self.enrolled_as(number, "client", name, &[]).await
    }

    /// Enrols whoever has that name, within that profile.
    pub async fn enrolled_as(
        &self,
        number: u8,
        profile: &str,
        name: &str,
        sans: &[SubjectAltName],
    ) -> Presented {
        let token = self.token(number, profile, &[name], Duration::HOUR).await;
        let key = key();
        let response = self
            .enroll(&token, &csr(&key, name, sans))
            .send()
            .await
            .unwrap();
        let issued = expect(response, 201).await;
        Presented {
            chain: issued["chain"].as_str().unwrap().to_owned(),
            key,
        }
    }

    /// What waits for somebody, who sees this of it before he decides.
    pub async fn waiting(&self) -> Vec<ApprovalRequest> {
        let (store, now) = (&self.ca.store, OffsetDateTime::now_utc());
        let waiting = store.approvals("default", false, Page::first(1000), now);
        waiting.await.unwrap()
    }

    /// Approves the one request that waits.
    pub async fn approve(&self) {
        let (store, now) = (&self.ca.store, OffsetDateTime::now_utc());
        let (seen, actor) = (self.only_waiting().await, actor());
        let approved = store.approve("default", seen.id, seen.csr_sha256, &actor, now);
        approved.await.unwrap();
    }

    /// Denies it.
    pub async fn deny(&self, reason: &str) {
        let (store, now) = (&self.ca.store, OffsetDateTime::now_utc());
        let (seen, actor) = (self.only_waiting().await, actor());
        let denied = store.deny("default", seen.id, seen.csr_sha256, reason, &actor, now);
        denied.await.unwrap();
    }

    async fn only_waiting(&self) -> ApprovalRequest {
        let mut waiting = self.waiting().await;
        assert_eq!(waiting.len(), 1, "{waiting:?}");
        waiting.remove(0)
    }

    /// Puts another CSR in the place of what was asked for, as whoever can write to the database could.
    pub fn swap_csr(&self) {
        let other = csr(&key(), "sensor-7", &[]);
        let other = CertificateRequest::from_pem(other.as_bytes()).unwrap();
        let database = rusqlite::Connection::open(self.ca.directory.path().join("store.db"));
        let database = database.unwrap();
        let swapped = database.execute("UPDATE approvals SET csr = ?1", [other.der()]);
        assert_eq!(swapped.unwrap(), 1);
    }

    /// What the audit log says was refused.
    pub async fn refusals(&self) -> Vec<String> {
        let rows = self.ca.store.audit(0, 10_000).await.unwrap();
        let rows = rows.into_iter().filter(|row| row.event == "refused");
        rows.map(|row| format!("{} {}", row.actor, row.detail))
            .collect()
    }
}

async fn fail(State(faults): State<Arc<Faults>>, request: Request, next: Next) -> AnyResponse {
    let path = request.uri().path();
    let renews = path.ends_with("/renew") || path.ends_with("/simplereenroll");
    let asks = renews || path.ends_with("/enroll");
    let is_hit = |left: &AtomicU32| {
        let less = |left: u32| left.checked_sub(1);
        let (set, get) = (Ordering::SeqCst, Ordering::SeqCst);
        left.fetch_update(set, get, less).is_ok()
    };
    if renews && is_hit(&faults.stalls) {
        return (StatusCode::ACCEPTED, [("retry-after", "1")]).into_response();
    }
    if asks && is_hit(&faults.lost_requests) {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    let answer = next.run(request).await;
    match asks && is_hit(&faults.lost_answers) {
        true => StatusCode::BAD_GATEWAY.into_response(),
        false => answer,
    }
}

/// A client that trusts the root of `ca`, and presents a certificate, if there is one.
pub fn client(ca: &Ca, address: SocketAddr, presented: Option<&Presented>) -> Client {
    let client = Client::builder()
        .tls_backend_preconfigured(tls(ca, presented))
        .tls_info(true)
        .no_proxy();
    client.resolve("localhost", address).build().unwrap()
}

/// The TLS of such a client.
pub fn tls(ca: &Ca, presented: Option<&Presented>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    let root = ca.root.authority().certificate().der().to_vec();
    roots.add(CertificateDer::from(root)).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    match presented {
        Some(presented) => {
            let chain = CertificateDer::pem_slice_iter(presented.chain.as_bytes());
            let chain = chain.collect::<Result<Vec<_>, _>>().unwrap();
            let key = presented.key.secret_pkcs8_pem();
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
            config.with_client_auth_cert(chain, key).unwrap()
        }
        None => config.with_no_client_auth(),
    }
}

/// Clients' certificates of ten seconds.
fn short_lived() -> Profile {
    let mut profile = Profile::client();
    profile.validity.min = std::time::Duration::from_secs(1);
    profile.validity.default = std::time::Duration::from_secs(10);
    profile
}

pub fn profile(mut profile: Profile) -> Profile {
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
