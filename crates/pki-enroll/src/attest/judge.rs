//! Evidence held against what a profile asks for. Nothing here waits, or knows the store.

use pki_attest::android::{self, AndroidRefusal, ExpectedKey};
use pki_attest::apple::{
    AppId, Category, ClientData, Environment, ExpectedAssertion, ExpectedAttestation,
    verify_assertion, verify_attestation,
};
use pki_attest::{Keeper, Verdict};
use pki_store::{
    AttestationRecord, AttestedKey, Challenge, ChallengePurpose, EvidenceUse, KeyUse,
    NewAttestedKey,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use x509_identity::Certificate;

use super::evidence::{Bytes, Evidence, EvidenceKind};
use super::policy::AppleRules;
use super::refusal::AttestationRefusal;
use super::requirement::{AttestationRequirement, DEVICE_ID_LEN, StatusListSource};

/// What evidence has to be about, and what the store knows.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    /// The certificate request in DER.
    pub(crate) csr: Vec<u8>,
    /// Its key, as a DER `SubjectPublicKeyInfo`.
    pub(crate) public_key: Vec<u8>,
    pub(crate) purpose: ChallengePurpose,
    /// The key that an assertion says it is signed with.
    pub(crate) known: Option<AttestedKey>,
    /// What was proved for the certificate that is to be renewed.
    pub(crate) before: Option<AttestationRecord>,
    pub(crate) now: OffsetDateTime,
}

/// Evidence that is good, and what has to be written down with the certificate.
#[derive(Clone, Debug)]
pub(crate) struct Attested {
    pub(crate) record: AttestationRecord,
    pub(crate) used: EvidenceUse,
}

type Judged = Result<Attested, AttestationRefusal>;

/// What is recorded of a key that signs assertions, as `pki_attest` writes it.
#[derive(Deserialize)]
struct KnownApp {
    app: AppId,
    environment: Environment,
    category: Option<Category>,
}

impl AttestationRequirement {
    /// # Errors
    ///
    /// The first check that fails. Whether the challenge is one, the counter is above the last one, and the key is new,
    /// the store decides: once, in the transaction of the certificate.
    pub(crate) fn judge(&self, evidence: &Evidence, subject: &Subject) -> Judged {
        let kind = evidence.kind();
        if !self.policy.takes(kind) {
            return Err(AttestationRefusal::Kind(kind));
        }
        let challenge = evidence.challenge();
        let judging = Judging {
            requirement: self,
            subject,
            challenge,
            kind,
        };
        match evidence {
            Evidence::AndroidKey { chain, .. } => judging.android(chain),
            Evidence::AppleAppAttest {
                key_id,
                attestation,
                app,
                ..
            } => judging.attestation(key_id.0, &attestation.0, app.as_ref()),
            Evidence::AppleAssertion {
                key_id, assertion, ..
            } => judging.assertion(key_id.0, &assertion.0),
        }
    }
}

struct Judging<'a> {
    requirement: &'a AttestationRequirement,
    subject: &'a Subject,
    challenge: [u8; 32],
    kind: EvidenceKind,
}

impl Judging<'_> {
    fn android(&self, chain: &[Bytes]) -> Judged {
        use AttestationRefusal as R;
        let (policy, sources) = (&self.requirement.policy.android, &self.requirement.sources);
        if chain.len() > MOST_CERTIFICATES {
            let seen = chain.len();
            return Err(R::Android(AndroidRefusal::ChainLength { seen }));
        }
        let chain: Result<Vec<_>, _> = chain
            .iter()
            .map(|der| Certificate::from_der(&der.0))
            .collect();
        let chain = chain.map_err(R::Certificate)?;
        let expected = ExpectedKey {
            challenge: &self.challenge,
            public_key: Some(&self.subject.public_key),
        };
        let status = policy
            .status_max_age_hours
            .and(sources.android_status.as_ref())
            .and_then(StatusListSource::newest);
        let verdict = android::verify(
            &chain,
            &expected,
            policy,
            &sources.android_roots,
            status.as_deref(),
            self.subject.now,
        );
        let verdict = verdict.map_err(R::Android)?;
        // The new key has not been in any certificate: that it is of the same device, the certificate of the connection
        // says, whose key cannot leave its device.
        let device = match &self.subject.before {
            Some(before) if before.kind == self.kind.as_str() => before.device.clone(),
            Some(_) => return Err(R::OtherDevice),
            None => device_id(&verdict.id),
        };
        self.attested(&verdict, device, claims(&verdict.claims)?, KeyUse::None)
    }

    fn attestation(&self, key_id: [u8; 32], attestation: &[u8], app: Option<&AppId>) -> Judged {
        use AttestationRefusal as R;
        if self.subject.before.is_some() {
            return Err(R::RenewedByAttestation);
        }
        let rules = self.apple()?;
        let app = match (app, rules.apps.as_slice()) {
            (Some(app), apps) if apps.contains(app) => app,
            (Some(app), _) => return Err(R::App(app.clone())),
            (None, [only]) => only,
            (None, _) => return Err(R::AppNotSaid),
        };
        let expected = ExpectedAttestation {
            app,
            key_id: &key_id,
            client_data: self.client_data(),
            environments: &rules.environments,
            categories: &rules.categories,
        };
        let root = &self.requirement.sources.apple_root;
        let verdict = verify_attestation(attestation, &expected, root, self.subject.now);
        let verdict = verdict.map_err(R::Apple)?;
        let key = KeyUse::Register(NewAttestedKey {
            key_id,
            public_key: verdict.claims.public_key.clone(),
            receipt: verdict.claims.receipt.clone(),
        });
        let claims = claims(&verdict.claims)?;
        self.attested(&verdict, device_id(&verdict.id), claims, key)
    }

    fn assertion(&self, key_id: [u8; 32], assertion: &[u8]) -> Judged {
        use AttestationRefusal as R;
        let known = self.subject.known.as_ref();
        let known = known
            .filter(|known| known.key_id == key_id)
            .ok_or(R::KeyUnknown)?;
        if let Some(before) = &self.subject.before
            && before.device != known.device
        {
            return Err(R::OtherDevice);
        }
        // The key may have been registered for another profile, or when this one asked for less.
        let rules = self.apple()?;
        let attested = KnownApp::deserialize(&known.claims).map_err(R::Record)?;
        if !rules.apps.contains(&attested.app) {
            return Err(R::App(attested.app));
        }
        if !rules.environments.contains(&attested.environment) {
            return Err(R::Environment(attested.environment));
        }
        if !rules.categories.accept(attested.category) {
            return Err(R::Category(attested.category));
        }
        let expected = ExpectedAssertion {
            app: &attested.app,
            public_key: &known.public_key,
            client_data: self.client_data(),
            // The store compares, where nobody comes in between, and where a request that is repeated is known again.
            previous_counter: 0,
        };
        let asserted = verify_assertion(assertion, &expected).map_err(R::Apple)?;
        let verdict = Verdict {
            binding: asserted.binding,
            keeper: Keeper::SecureElement,
            id: String::new(),
            claims: (),
        };
        let mut claims = known.claims.clone();
        if let Some(claims) = claims.as_object_mut() {
            claims.insert("counter".into(), json!(asserted.counter));
        }
        let key = KeyUse::Count {
            key_id,
            counter: asserted.counter,
        };
        self.attested(&verdict, known.device.clone(), claims, key)
    }

    fn attested<Claims>(
        &self,
        verdict: &Verdict<Claims>,
        device: String,
        claims: Value,
        key: KeyUse,
    ) -> Judged {
        let minimum = &self.requirement.policy.minimum;
        minimum
            .check(verdict)
            .map_err(AttestationRefusal::TooLittle)?;
        Ok(Attested {
            record: AttestationRecord {
                kind: self.kind.as_str().to_owned(),
                binding: verdict.binding.to_string(),
                keeper: verdict.keeper.to_string(),
                device,
                claims,
            },
            used: EvidenceUse {
                challenge: Challenge::from_random(self.challenge),
                purpose: self.subject.purpose,
                csr_sha256: Sha256::digest(&self.subject.csr).into(),
                key,
            },
        })
    }

    fn apple(&self) -> Result<&AppleRules, AttestationRefusal> {
        let rules = self.requirement.policy.apple.as_ref();
        rules.ok_or(AttestationRefusal::Kind(self.kind))
    }

    fn client_data(&self) -> ClientData<'static> {
        ClientData::of_request(&self.challenge, &self.subject.csr)
    }
}

/// What the platform says, which goes into the audit log.
fn claims(claims: &impl Serialize) -> Result<Value, AttestationRefusal> {
    let claims = serde_json::to_value(claims).map_err(AttestationRefusal::Record)?;
    match claims.to_string().len() {
        ..=MOST_CLAIMS => Ok(claims),
        long => Err(AttestationRefusal::ClaimsTooLong(long)),
    }
}

/// The beginning of the hash of the first key that the device has proved.
fn device_id(verdict_id: &str) -> String {
    verdict_id.chars().take(DEVICE_ID_LEN).collect()
}

/// Bytes of JSON. Genuine devices need some 2,000.
const MOST_CLAIMS: usize = 16 * 1024;
/// Genuine chains have five.
const MOST_CERTIFICATES: usize = 10;
