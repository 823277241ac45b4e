//! The CA that asks for evidence. `mtls serve --enroll` is this with files and a command line.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use pki_attest::android::{AllowedPackage, Policy, StatusList};
use pki_attest::apple::{Categories, Environment};
use pki_attest::{Binding, Keeper, Minimum};
use pki_core::{Authority, KeyKind, KeyPair, Profile};
use pki_enroll::{
    AppleRules, AttestationPolicy, AttestationRequirement, AttestationSources, EnrollProfile,
    Enrollment, EnrollmentCa, EnrollmentServer, EvidenceCredential, EvidenceKind, ServerNames,
    StatusListSource, enrollment,
};
use pki_store::{
    Actor, CertificateAuthority, Filter, IssuerRole, NewIssuer, Page, Store, StoreUrl,
};
use reqwest::Client;
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tempfile::TempDir;
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio::sync::watch;
use x509_identity::SubjectAltName;

use crate::devices::{APP, Platforms};

/// A running CA, and a client of it.
pub(crate) struct DemoCa {
    server: EnrollmentServer,
    store: Store,
    client: Client,
    _replace: watch::Sender<Arc<EnrollmentCa>>,
    _directory: TempDir,
}

impl DemoCa {
    pub(crate) async fn start(platforms: &Platforms) -> Result<Self> {
        let now = OffsetDateTime::now_utc();
        let directory = tempfile::tempdir()?;
        let store = Store::open(&StoreUrl::from(directory.path().join("store.db"))).await?;
        let key = KeyPair::generate(KeyKind::P256)?;
        let root = Authority::root("CN=Phones".parse()?, key, &Profile::root(), now)?;
        let certificate = root.certificate().clone();
        let issuer = NewIssuer::new("phones", IssuerRole::Issuing, root.chain().to_vec());
        store
            .add_issuer(issuer, &Actor::new("example"), now)
            .await?;
        let authority = CertificateAuthority::new(root, store.clone()).await?;

        let phone = EnrollProfile::new(Profile::client());
        let phone = phone.attested(AttestationRequirement::new(
            policy()?,
            sources(platforms, now)?,
        )?);
        let ca = EnrollmentCa {
            authority,
            profiles: BTreeMap::from([("phone".to_owned(), phone)]),
            roots: vec![certificate.clone()],
        };
        let (replace, ca) = watch::channel(Arc::new(ca));
        let names = ServerNames {
            names: vec![SubjectAltName::Dns("localhost".into())],
            profile: Profile::server(),
            profile_of_ca: None,
            profile_name: "enrollment-server".into(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let router = enrollment(Enrollment::following(ca.clone()));
        let server = EnrollmentServer::start(listener, router, names, ca).await?;

        let mut roots = RootCertStore::empty();
        roots.add(certificate.der().to_vec().into())?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let client = Client::builder().tls_backend_preconfigured(config);
        let client = client.resolve("localhost", server.local_addr());
        Ok(Self {
            server,
            store,
            client: client.no_proxy().build()?,
            _replace: replace,
            _directory: directory,
        })
    }

    pub(crate) fn url(&self) -> String {
        format!("https://localhost:{}", self.server.local_addr().port())
    }

    /// What a phone has to make its evidence for.
    pub(crate) async fn challenge(&self) -> Result<String> {
        let purpose = json!({ "purpose": "enroll" });
        let given = self.post("challenges", &purpose).await?;
        let challenge = given["challenge"].as_str().context("no challenge")?;
        Ok(challenge.to_owned())
    }

    /// A certificate, or why there is none.
    pub(crate) async fn enroll(
        &self,
        request: &crate::devices::Request,
        evidence: &Value,
    ) -> Result<Value> {
        let body = json!({ "csr": request.pem(), "profile": "phone", "attestation": evidence });
        self.post("enroll", &body).await
    }

    async fn post(&self, route: &str, body: &Value) -> Result<Value> {
        let request = self.client.post(format!("{}/v1/{route}", self.url()));
        let answer = request.json(body).send().await?.bytes().await?;
        Ok(serde_json::from_slice(&answer)?)
    }

    /// What the store says of each certificate.
    pub(crate) async fn proved(&self) -> Result<Vec<String>> {
        let (filter, now) = (Filter::default(), OffsetDateTime::now_utc());
        let found = self.store.certificates(&filter, Page::default(), now);
        let mut lines = Vec::new();
        for record in found.await? {
            if let Some(proved) = self.store.attestation(record.id).await? {
                lines.push(format!(
                    "{}: {}, tied by {}, key in {}",
                    record.subject, proved.kind, proved.binding, proved.keeper
                ));
            }
        }
        Ok(lines)
    }

    pub(crate) async fn stop(self) {
        self.server.stop(Duration::from_secs(10)).await;
    }
}

/// The table `[attestation]` of a profile.
fn policy() -> Result<AttestationPolicy> {
    Ok(AttestationPolicy {
        kinds: vec![EvidenceKind::AppleAppAttest, EvidenceKind::AndroidKey],
        minimum: Minimum {
            binding: Binding::CsrHash,
            keeper: Keeper::TrustedEnvironment,
        },
        credential: EvidenceCredential::Evidence,
        names: vec!["cn:{device_id}".into()],
        renewals: true,
        apple: Some(AppleRules {
            apps: vec![APP.parse()?],
            environments: vec![Environment::Production],
            categories: Categories::Any,
        }),
        android: Policy {
            packages: vec![AllowedPackage {
                name: "com.example.app".into(),
                signer: "ab".repeat(32),
                least_version: 1,
            }],
            ..Policy::default()
        },
    })
}

/// The simulators' roots, and a list on which nothing is withdrawn.
fn sources(platforms: &Platforms, now: OffsetDateTime) -> Result<AttestationSources> {
    let list = Arc::new(StatusList::from_json(br#"{"entries":{}}"#, now)?);
    let mut sources = AttestationSources::default();
    sources.apple_root = platforms.apple.root().clone();
    sources.android_roots = vec![platforms.android.root().clone()];
    sources.android_status = Some(StatusListSource::new("none", move || Some(list.clone())));
    Ok(sources)
}
