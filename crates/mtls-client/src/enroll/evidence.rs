//! Evidence of what asks for a certificate, for profiles that ask for it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pki_core::CertificateRequest;
use serde_json::{Value, json};
use x509_identity::Certificate;

use super::error::EnrollError;

/// Makes evidence of the app, the device or the key that asks for a certificate: on a phone, by a call of its platform.
///
/// It is called where it may take its time, and again if the CA has not got what it made before in time.
pub trait Attester: Send + Sync {
    /// Evidence for this request, made for this challenge.
    ///
    /// # Errors
    ///
    /// The platform's own.
    fn attest(&self, asked: &EvidenceRequest) -> Result<Evidence, AttesterError>;
}

/// Why an [`Attester`] has no evidence.
pub type AttesterError = Box<dyn std::error::Error + Send + Sync>;

/// What evidence is asked for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EvidenceRequest {
    /// What the CA has given out for this piece of evidence, and nothing else.
    pub challenge: Vec<u8>,
    /// The certificate request that it goes with.
    pub request: CertificateRequest,
    /// What the certificate is.
    pub purpose: EvidencePurpose,
}

/// What evidence is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EvidencePurpose {
    /// A first certificate, or one in place of one that has expired.
    Enroll,
    /// The next certificate of one that is presented.
    Renew,
}

/// Evidence, in the form of its platform.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Evidence {
    /// Android attests the key of the certificate request.
    ///
    /// Android's Keystore does so while it makes the key, and so for a challenge that is older than the request: this is
    /// for what attests keys that are there, such as a simulator.
    AndroidKey {
        /// The key's certificates, leaf first and root last.
        chain: Vec<Certificate>,
    },
    /// App Attest attests a key of the app, over the SHA-256 of the challenge followed by the SHA-256 of the request's
    /// DER.
    AppleAppAttest {
        /// The app, `TEAMID.BUNDLE-ID`, where the profile accepts several.
        app: Option<String>,
        /// The attestation object.
        attestation: Vec<u8>,
        /// The key's identifier.
        key_id: [u8; 32],
    },
    /// A key that App Attest has attested signs over the same.
    AppleAssertion {
        /// The assertion.
        assertion: Vec<u8>,
        /// The key's identifier.
        key_id: [u8; 32],
    },
}

/// Evidence of a request that has no answer yet. The CA knows a request again by its challenge, too: if the answer was
/// lost, the same evidence goes with it again.
#[derive(Default)]
pub(super) struct Unanswered(Mutex<Option<Made>>);

/// Evidence as it is sent.
#[derive(Clone)]
pub(super) struct Made {
    purpose: EvidencePurpose,
    request_der: Vec<u8>,
    pub(super) json: Value,
    /// Whether it was sent before.
    is_old: bool,
}

impl Made {
    pub(super) fn new(purpose: EvidencePurpose, request: &CertificateRequest, json: Value) -> Self {
        Self {
            purpose,
            request_der: request.der().to_vec(),
            json,
            is_old: false,
        }
    }
}

impl Unanswered {
    /// What was made for this, and sent.
    pub(super) fn of(
        &self,
        purpose: EvidencePurpose,
        request: &CertificateRequest,
    ) -> Option<Made> {
        let made = self.lock().clone();
        made.filter(|it| it.purpose == purpose && it.request_der == request.der())
    }

    pub(super) fn put(&self, made: &Made) {
        let mut old = made.clone();
        old.is_old = true;
        *self.lock() = Some(old);
    }

    /// Whether other evidence has to be made: the request never arrived, and meanwhile the challenge has expired.
    pub(super) fn is_stale<T>(&self, made: Option<&Made>, answer: &Result<T, EnrollError>) -> bool {
        let refused = match answer {
            Ok(_) => None,
            Err(EnrollError::Refused { kind, .. }) => Some(kind),
            Err(_) => return false,
        };
        *self.lock() = None;
        refused.is_some_and(|kind| kind == "challenge_refused") && made.is_some_and(|it| it.is_old)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Made>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EvidencePurpose {
    /// The word for it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Enroll => "enroll",
            Self::Renew => "renew",
        }
    }
}

impl Evidence {
    /// As `attestation` in the body of a request.
    pub(super) fn to_json(&self, challenge: &[u8]) -> Value {
        let base64 = |bytes: &[u8]| STANDARD.encode(bytes);
        let mut json = match self {
            Self::AndroidKey { chain } => {
                let chain: Vec<_> = chain.iter().map(|it| base64(it.der())).collect();
                json!({ "kind": "android-key", "chain": chain })
            }
            Self::AppleAppAttest {
                app,
                attestation,
                key_id,
            } => {
                let (attestation, key_id) = (base64(attestation), base64(key_id));
                let kind = "apple-app-attest";
                json!({ "kind": kind, "app": app, "attestation": attestation, "key_id": key_id })
            }
            Self::AppleAssertion { assertion, key_id } => {
                let (assertion, key_id) = (base64(assertion), base64(key_id));
                json!({ "kind": "apple-assertion", "assertion": assertion, "key_id": key_id })
            }
        };
        json["challenge"] = base64(challenge).into();
        json
    }
}
