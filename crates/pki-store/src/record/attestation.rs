//! What devices prove of themselves, and what they prove it with.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;

/// What evidence has proved of whoever asks for a certificate, in the words of whoever has verified it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct AttestationRecord {
    /// Its kind: `apple-app-attest`, `apple-assertion`, `android-key`.
    pub kind: String,
    /// How closely it is tied to the key of the certificate: `same-key`, `csr-hash` or `none`.
    pub binding: String,
    /// Where the attested key is kept: `secure-element`, `trusted-environment` or `software`.
    pub keeper: String,
    /// The device, by an identifier that stays the same for it.
    pub device: String,
    /// What the platform says of key, app and device.
    pub claims: serde_json::Value,
}

/// What a challenge may be used for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ChallengePurpose {
    /// A first certificate.
    Enroll,
    /// A certificate in place of another one.
    Renew,
}

impl ChallengePurpose {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enroll => "enroll",
            Self::Renew => "renew",
        }
    }
}

/// What evidence has to be about, so that it is not an old one: 256 random bits, which are used once.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Challenge([u8; 32]);

impl Challenge {
    /// Takes 32 bytes of a generator for secrets: nobody may guess them before they are given out.
    #[must_use]
    pub fn from_random(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// What the device is given, and gives back.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }
}

/// Whoever sees it before the device does could have evidence made for it.
impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Challenge(..)")
    }
}

/// What one certificate uses up of the evidence that it is asked for with.
#[derive(Clone, Debug)]
pub struct EvidenceUse {
    /// The challenge that the evidence is about.
    pub challenge: Challenge,
    /// What it was given out for.
    pub purpose: ChallengePurpose,
    /// The SHA-256 of the certificate request in DER.
    pub csr_sha256: [u8; 32],
    /// What becomes of the key that made the evidence.
    pub key: KeyUse,
}

/// What becomes of the key that made evidence.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum KeyUse {
    /// It has signed an assertion with this counter, which has to be above that of the one before.
    Count {
        /// The identifier of the key.
        key_id: [u8; 32],
        /// The counter.
        counter: u32,
    },
    /// Nothing: it makes no further evidence.
    None,
    /// It will sign assertions. A key is registered once.
    Register(NewAttestedKey),
}

/// A key that will sign assertions.
#[derive(Clone, Debug)]
pub struct NewAttestedKey {
    /// Its identifier, as its platform has it.
    pub key_id: [u8; 32],
    /// The key as a DER `SubjectPublicKeyInfo`.
    pub public_key: Vec<u8>,
    /// The platform's receipt, as it came.
    pub receipt: Vec<u8>,
}

/// A key that signs assertions.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AttestedKey {
    /// Its identifier, as its platform has it.
    pub key_id: [u8; 32],
    /// The key as a DER `SubjectPublicKeyInfo`.
    pub public_key: Vec<u8>,
    /// The counter of the last assertion that was accepted; 0 before the first.
    pub counter: u32,
    /// The device that has it.
    pub device: String,
    /// What the platform has said of it.
    pub claims: serde_json::Value,
    /// The platform's receipt, as it came.
    pub receipt: Vec<u8>,
    /// When it was registered.
    pub registered_at: OffsetDateTime,
}
