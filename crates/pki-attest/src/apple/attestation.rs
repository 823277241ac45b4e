//! A key is attested, once.

use const_oid::ObjectIdentifier;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use spki::SubjectPublicKeyInfoRef;
use spki::der::Decode as _;
use time::OffsetDateTime;
use x509_identity::Certificate;

use super::authenticator::{AttestedCredential, Header};
use super::object::Object;
use super::{AppId, AppleRefusal, Categories, Category, ClientData, Environment};
use crate::chain::{check_issued, check_validity};
use crate::{Keeper, Verdict};

/// The most bytes of an attestation.
const LIMIT: usize = 16 * 1024;

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
    check_issued(&leaf, &intermediate)?;
    check_issued(&intermediate, root)?;
    for certificate in [&leaf, &intermediate] {
        check_validity(certificate, now)?;
    }
    check_nonce(&leaf, read.authenticator_data, expected.client_data.bytes())?;

    let point = point(&leaf)?;
    let key_id: [u8; 32] = Sha256::digest(&point).into();
    if key_id != expected.key_id {
        return Err(AppleRefusal::KeyId);
    }
    let header = Header::read(read.authenticator_data)?;
    if *header.rp_id_hash != expected.app.hash() {
        return Err(AppleRefusal::App {
            expected: expected.app.clone(),
        });
    }
    if header.counter != 0 {
        return Err(AppleRefusal::Used {
            seen: header.counter,
        });
    }
    let credential = AttestedCredential::read(header.rest)?;
    let environment =
        Environment::from_aaguid(credential.aaguid).ok_or_else(|| AppleRefusal::Authenticator {
            seen: crate::hex(credential.aaguid),
        })?;
    if !expected.environments.contains(&environment) {
        return Err(AppleRefusal::Environment { seen: environment });
    }
    if *credential.credential_id != key_id {
        return Err(AppleRefusal::KeyId);
    }
    if credential.public_key != *point {
        return Err(AppleRefusal::PublicKey);
    }
    let category = credential.extensions.category;
    if !expected.categories.accept(category) {
        return Err(AppleRefusal::Category { seen: category });
    }
    Ok(Verdict {
        binding: expected.client_data.binding(),
        keeper: Keeper::SecureElement,
        id: crate::hex(leaf.spki_sha256()),
        claims: AppAttestation {
            app: expected.app.clone(),
            environment,
            category,
            bundle_version: credential.extensions.bundle_version,
            public_key: leaf.spki_der().to_vec(),
            receipt: read.statement.receipt.to_vec(),
        },
    })
}

/// The nonce is the hash of the authenticator data and the client data, in a SEQUENCE of one element tagged 1.
fn check_nonce(leaf: &Certificate, data: &[u8], client_data: &[u8]) -> Result<(), AppleRefusal> {
    let mut hash = Sha256::new();
    hash.update(data);
    hash.update(client_data);
    let mut expected = vec![0x30, 0x24, 0xa1, 0x22, 0x04, 0x20];
    expected.extend_from_slice(&hash.finalize());
    match leaf.extension(NONCE) {
        Some(extension) if extension.value == expected => Ok(()),
        _ => Err(AppleRefusal::Nonce),
    }
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
