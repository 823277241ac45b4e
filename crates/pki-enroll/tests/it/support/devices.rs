//! Phones under roots of their own, and profiles that ask them for evidence.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pki_attest::android::{AllowedPackage, KeyDescription, Policy, StatusList};
use pki_attest::apple::{AppId, Categories, ClientData, Environment};
use pki_attest::simulator::{AndroidSimulator, AppleSimulator, Factory, SimulatedApp};
use pki_attest::{Binding, Keeper, Minimum};
use pki_core::{CertificateRequest, KeyPair};
use pki_enroll::{
    AppleRules, AttestationPolicy, AttestationRequirement, AttestationSources, EnrollProfile,
    EvidenceCredential, EvidenceKind, StatusListSource,
};
use reqwest::Response;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::enrollment::{Enrolling, Presented, expect};

pub const APP: &str = "1234567890.com.example.app";

/// The platforms, and Google's list.
pub struct Platforms {
    pub apple: AppleSimulator,
    pub android: AndroidSimulator,
    pub status: Arc<Mutex<Option<Arc<StatusList>>>>,
}

impl Platforms {
    pub fn new() -> Self {
        let now = OffsetDateTime::now_utc();
        let platforms = Self {
            apple: AppleSimulator::new(now).unwrap(),
            android: AndroidSimulator::new(Factory::Remote, now).unwrap(),
            status: Arc::default(),
        };
        platforms.publish("", now);
        platforms
    }

    /// Google's list as of a moment.
    pub fn publish(&self, entries: &str, at: OffsetDateTime) {
        let json = format!(r#"{{"entries":{{{entries}}}}}"#);
        let list = StatusList::from_json(json.as_bytes(), at).unwrap();
        *self.status.lock().unwrap() = Some(Arc::new(list));
    }

    pub fn sources(&self) -> AttestationSources {
        let status = self.status.clone();
        let mut sources = AttestationSources::default();
        sources.apple_root = self.apple.root().clone();
        sources.android_roots = vec![self.android.root().clone()];
        sources.android_status = Some(StatusListSource::new("test", move || {
            status.lock().unwrap().clone()
        }));
        sources
    }

    /// Adds a profile `device`, like the profile `client`, that asks for this.
    pub fn ask(&self, enrolling: &Enrolling, policy: AttestationPolicy) {
        self.ask_as(enrolling, "device", policy, |profile| profile);
    }

    pub fn ask_as(
        &self,
        enrolling: &Enrolling,
        name: &str,
        policy: AttestationPolicy,
        change: impl FnOnce(EnrollProfile) -> EnrollProfile,
    ) {
        let requirement = AttestationRequirement::new(policy, self.sources()).unwrap();
        let present = enrolling.replace.borrow().clone();
        let mut next = (*present).clone();
        let profile = EnrollProfile::new(next.profiles["client"].profile.clone());
        let profile = change(profile.attested(requirement));
        next.profiles.insert(name.into(), profile);
        enrolling.replace.send_replace(Arc::new(next));
    }

    /// What an app sends when its key is attested, over a challenge and a request.
    pub fn attestation(&self, app: &SimulatedApp, challenge: &str, csr: &str) -> Value {
        let (bytes, der) = (decoded(challenge), der(csr));
        let data = ClientData::of_request(&bytes, &der);
        let made = self.apple.attest(app, data, Environment::Production, None);
        json!({
            "kind": "apple-app-attest",
            "challenge": challenge,
            "key_id": STANDARD.encode(app.key_id()),
            "attestation": STANDARD.encode(made.unwrap()),
        })
    }

    /// What an Android device sends of a key, which says `description`.
    pub fn android(&self, key: &KeyPair, challenge: &str, description: &KeyDescription) -> Value {
        let key = rcgen::KeyPair::from_pem(&key.secret_pkcs8_pem()).unwrap();
        let chain = self.android.attest(&key, description, None).unwrap();
        let chain: Vec<_> = chain.iter().map(|it| STANDARD.encode(it.der())).collect();
        json!({ "kind": "android-key", "challenge": challenge, "chain": chain })
    }
}

/// What an app sends from then on.
pub fn assertion(app: &mut SimulatedApp, challenge: &str, csr: &str) -> Value {
    let (bytes, der) = (decoded(challenge), der(csr));
    let made = app.assert(ClientData::of_request(&bytes, &der)).unwrap();
    json!({
        "kind": "apple-assertion",
        "challenge": challenge,
        "key_id": STANDARD.encode(app.key_id()),
        "assertion": STANDARD.encode(made),
    })
}

pub fn app() -> SimulatedApp {
    SimulatedApp::new(APP.parse::<AppId>().unwrap()).unwrap()
}

pub fn described(challenge: &str) -> KeyDescription {
    AndroidSimulator::description(&decoded(challenge))
}

/// All kinds, of the simulated app, with a token.
pub fn policy() -> AttestationPolicy {
    AttestationPolicy {
        kinds: vec![
            EvidenceKind::AppleAppAttest,
            EvidenceKind::AppleAssertion,
            EvidenceKind::AndroidKey,
        ],
        minimum: Minimum {
            binding: Binding::CsrHash,
            keeper: Keeper::TrustedEnvironment,
        },
        credential: EvidenceCredential::TokenAndEvidence,
        names: Vec::new(),
        renewals: true,
        apple: Some(AppleRules {
            apps: vec![APP.parse().unwrap()],
            environments: vec![Environment::Production],
            categories: Categories::Any,
        }),
        android: Policy {
            packages: vec![AllowedPackage {
                name: "com.example.app".into(),
                signer: "ab".repeat(32),
                least_version: 1,
            }],
            status_max_age_hours: Some(24),
            ..Policy::default()
        },
    }
}

/// The same, where evidence is enough.
pub fn alone() -> AttestationPolicy {
    AttestationPolicy {
        credential: EvidenceCredential::Evidence,
        names: vec![
            "cn:{device_id}".into(),
            "uri:spiffe://example.org/device/{device_id}".into(),
        ],
        ..policy()
    }
}

/// A challenge that the server gives out.
pub async fn challenge(enrolling: &Enrolling, purpose: &str) -> String {
    let request = enrolling.client(None).post(enrolling.url("/v1/challenges"));
    let request = request.json(&json!({ "purpose": purpose }));
    let given = expect(request.send().await.unwrap(), 201).await;
    given["challenge"].as_str().unwrap().to_owned()
}

pub async fn enroll(
    enrolling: &Enrolling,
    token: Option<&str>,
    csr: &str,
    evidence: &Value,
) -> Response {
    let request = enrolling.client(None).post(enrolling.url("/v1/enroll"));
    let request = match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    };
    let body = json!({ "csr": csr, "profile": "device", "attestation": evidence });
    request.json(&body).send().await.unwrap()
}

pub async fn renew(
    enrolling: &Enrolling,
    presented: &Presented,
    csr: &str,
    evidence: Option<&Value>,
) -> Response {
    let client = enrolling.client(Some(presented));
    let mut body = json!({ "csr": csr });
    if let Some(evidence) = evidence {
        body["attestation"] = evidence.clone();
    }
    let request = client.post(enrolling.url("/v1/renew")).json(&body);
    request.send().await.unwrap()
}

fn decoded(challenge: &str) -> Vec<u8> {
    STANDARD.decode(challenge).unwrap()
}

fn der(csr: &str) -> Vec<u8> {
    let request = CertificateRequest::from_pem(csr.as_bytes()).unwrap();
    request.der().to_vec()
}
