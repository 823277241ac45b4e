//! A key is attested, once.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use const_oid::ObjectIdentifier;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use spki::SubjectPublicKeyInfoRef;
use spki::der::Decode as _;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use x509_identity::Certificate;

use super::authenticator::{AttestedCredential, Header};
use super::object::Object;
use super::{AppId, AppleRefusal, Categories, Category, ClientData, Environment};
use crate::chain::{check_issued, check_validity};
use crate::{Keeper, Verdict};

/// The extension of the leaf that has the nonce.
const NONCE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113635.100.8.2");

/// What an attestation has to be about.
#[derive(Clone, Copy, Debug)]
pub struct ExpectedAttestation<'a> {
    /// The app.
    pub app: &'a AppId,
    /// The identifier of the key, which the app has sent beside the attestation: its 32 bytes, without base64.
    pub key_id: &'a [u8],
    /// What the app passed as `clientDataHash`: it has the challenge in it.
    pub client_data: ClientData<'a>,
    /// Which of Apple's services are accepted.
    pub environments: &'a [Environment],
    /// How the app may have come onto the device.
    pub categories: &'a Categories,
}

/// What Apple attests.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct AppAttestation {
    /// The app.
    pub app: AppId,
    /// Which of Apple's services has attested it.
    pub environment: Environment,
    /// How the app came onto the device (iOS 27 and later).
    pub category: Option<Category>,
    /// The version of the app's bundle (iOS 27 and later).
    pub bundle_version: Option<String>,
    /// The attested key as a DER `SubjectPublicKeyInfo`, which assertions are verified with.
    #[serde(skip)]
    pub public_key: Vec<u8>,
    /// Apple's receipt, to be kept as it is: with it Apple's servers assess fraud.
    #[serde(skip)]
    pub receipt: Vec<u8>,
}

/// Verifies that Apple has attested a key, which nobody has used yet.
///
/// `root` is [`app_attestation_root`](super::app_attestation_root) outside of tests. The caller keeps the key under its
/// identifier with the counter 0, and refuses an identifier that it has already.
///
/// # Errors
///
/// The first check that fails.
pub fn verify_attestation(
    attestation: &[u8],
    expected: &ExpectedAttestation<'_>,
    root: &Certificate,
    now: OffsetDateTime,
) -> Result<Verdict<AppAttestation>, AppleRefusal> {
    UnverifiedAttestation::read(attestation)?.check(expected, root, now)
}

/// An attestation that was read: what it says, and nobody has verified. For a person who wants to know why it was refused.
pub struct UnverifiedAttestation<'a> {
    leaf: Certificate,
    intermediate: Certificate,
    /// The uncompressed point of the certificate's key.
    point: Box<[u8]>,
    authenticator_data: &'a [u8],
    header: Header<'a>,
    credential: AttestedCredential<'a>,
    receipt: &'a [u8],
}

impl<'a> UnverifiedAttestation<'a> {
    /// Reads an attestation.
    ///
    /// # Errors
    ///
    /// If it is not one of App Attest, cannot be read, or has more than 16 KiB.
    pub fn read(attestation: &'a [u8]) -> Result<Self, AppleRefusal> {
        if attestation.len() > LIMIT {
            return Err(AppleRefusal::TooLarge {
                limit: LIMIT,
                got: attestation.len(),
            });
        }
        let read = Object::read(attestation).map_err(AppleRefusal::malformed("the attestation"))?;
        if read.format != "apple-appattest" {
            return Err(AppleRefusal::Format {
                seen: read.format.chars().take(64).collect(),
            });
        }
        let [leaf, intermediate] = read.statement.certificates()?;
        let header = Header::read(read.authenticator_data)?;
        Ok(Self {
            point: point(&leaf)?,
            credential: AttestedCredential::read(header.rest)?,
            leaf,
            intermediate,
            authenticator_data: read.authenticator_data,
            header,
            receipt: read.statement.receipt,
        })
    }

    /// What it says.
    #[must_use]
    pub fn claims(&self) -> ClaimedAttestation {
        let moment = |moment: OffsetDateTime| moment.format(&Rfc3339).unwrap_or_default();
        ClaimedAttestation {
            app_sha256: crate::hex(self.header.rp_id_hash),
            key_id: STANDARD.encode(self.credential.credential_id),
            counter: self.header.counter,
            environment: Environment::from_aaguid(self.credential.aaguid),
            category: self.credential.extensions.category,
            bundle_version: self.credential.extensions.bundle_version.clone(),
            not_before: moment(self.leaf.not_before()),
            not_after: moment(self.leaf.not_after()),
        }
    }

    /// What of it is not as it should be: all that [`verify_attestation`] would refuse, in the order of its checks.
    #[must_use]
    pub fn faults(
        &self,
        expected: &ExpectedAttestation<'_>,
        root: &Certificate,
        now: OffsetDateTime,
    ) -> Vec<AppleRefusal> {
        let chain = [
            check_issued(&self.leaf, &self.intermediate),
            check_issued(&self.intermediate, root),
            check_validity(&self.leaf, now),
            check_validity(&self.intermediate, now),
        ];
        let chain = chain.into_iter().filter_map(Result::err);
        let mut faults: Vec<_> = chain.map(AppleRefusal::Chain).collect();
        faults.extend(self.check_nonce(expected.client_data.bytes()).err());
        let key_id: [u8; 32] = Sha256::digest(&self.point).into();
        if key_id != expected.key_id {
            faults.push(AppleRefusal::KeyId {
                expected: crate::shown(expected.key_id),
                seen: crate::hex(&key_id),
            });
        }
        if *self.header.rp_id_hash != expected.app.hash() {
            faults.push(AppleRefusal::App {
                expected: expected.app.clone(),
                seen: crate::hex(self.header.rp_id_hash),
            });
        }
        if self.header.counter != 0 {
            faults.push(AppleRefusal::Used {
                seen: self.header.counter,
            });
        }
        let credential = &self.credential;
        match Environment::from_aaguid(credential.aaguid) {
            None => faults.push(AppleRefusal::Authenticator {
                seen: crate::hex(credential.aaguid),
            }),
            Some(seen) if !expected.environments.contains(&seen) => {
                faults.push(AppleRefusal::Environment {
                    expected: expected.environments.to_vec(),
                    seen,
                });
            }
            Some(_) => {}
        }
        if *credential.credential_id != key_id {
            faults.push(AppleRefusal::KeyId {
                expected: crate::hex(&key_id),
                seen: crate::hex(credential.credential_id),
            });
        }
        if credential.public_key != *self.point {
            faults.push(AppleRefusal::PublicKey {
                expected: crate::hex(&key_id),
                seen: crate::hex(&Sha256::digest(credential.public_key)),
            });
        }
        let seen = credential.extensions.category;
        if !expected.categories.accept(seen) {
            faults.push(AppleRefusal::Category {
                expected: expected.categories.listed().to_vec(),
                seen,
            });
        }
        faults
    }

    fn check(
        self,
        expected: &ExpectedAttestation<'_>,
        root: &Certificate,
        now: OffsetDateTime,
    ) -> Result<Verdict<AppAttestation>, AppleRefusal> {
        if let Some(fault) = self.faults(expected, root, now).into_iter().next() {
            return Err(fault);
        }
        let environment = Environment::from_aaguid(self.credential.aaguid);
        Ok(Verdict {
            binding: expected.client_data.binding(),
            keeper: Keeper::SecureElement,
            id: crate::hex(self.leaf.spki_sha256()),
            claims: AppAttestation {
                app: expected.app.clone(),
                environment: environment.ok_or_else(|| AppleRefusal::Authenticator {
                    seen: crate::hex(self.credential.aaguid),
                })?,
                category: self.credential.extensions.category,
                bundle_version: self.credential.extensions.bundle_version,
                public_key: self.leaf.spki_der().to_vec(),
                receipt: self.receipt.to_vec(),
            },
        })
    }

    /// The nonce is the hash of the authenticator data and the client data, in a SEQUENCE of one element tagged 1.
    fn check_nonce(&self, client_data: &[u8]) -> Result<(), AppleRefusal> {
        const PREFIX: [u8; 6] = [0x30, 0x24, 0xa1, 0x22, 0x04, 0x20];
        let mut hash = Sha256::new();
        hash.update(self.authenticator_data);
        hash.update(client_data);
        let hash = hash.finalize();
        let extension = self.leaf.extension(NONCE).map(|it| it.value);
        match extension.and_then(|value| value.strip_prefix(&PREFIX)) {
            Some(nonce) if nonce == hash.as_slice() => Ok(()),
            nonce => Err(AppleRefusal::Nonce {
                expected: crate::hex(&hash),
                seen: nonce.or(extension).map(crate::shown),
            }),
        }
    }
}

/// What an attestation says.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ClaimedAttestation {
    /// The SHA-256 of the app's identifier, in hex.
    pub app_sha256: String,
    /// The identifier of the key, in base64, as apps send it.
    pub key_id: String,
    /// How often the key was used.
    pub counter: u32,
    /// Which of Apple's services has attested it, if it is one of them.
    pub environment: Option<Environment>,
    /// How the app came onto the device (iOS 27 and later).
    pub category: Option<Category>,
    /// The version of the app's bundle (iOS 27 and later).
    pub bundle_version: Option<String>,
    /// From when on the certificate of the key is valid (RFC 3339).
    pub not_before: String,
    /// Until when it is: three days, as a rule.
    pub not_after: String,
}

/// The uncompressed point of the certificate's key, which has to be on P-256.
fn point(leaf: &Certificate) -> Result<Box<[u8]>, AppleRefusal> {
    let what = "the key of the certificate";
    let spki = SubjectPublicKeyInfoRef::from_der(leaf.spki_der());
    let spki = spki.map_err(AppleRefusal::malformed(what))?;
    match spki.subject_public_key.raw_bytes() {
        point @ [4, ..] if point.len() == 65 => Ok(point.into()),
        _ => Err(AppleRefusal::malformed(what)("it is not a point on P-256")),
    }
}

/// The most bytes of an attestation.
const LIMIT: usize = 16 * 1024;
