//! The whole: chain, list of withdrawn certificates, description, policy.

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use x509_identity::Certificate;

use super::chain::{Provisioning, check_chain};
use super::description::{KeyDescription, SecurityLevel};
use super::policy::{Policy, check_purposes};
use super::provisioning::certificates_issued;
use super::refusal::AndroidRefusal;
use super::status::StatusList;
use crate::{Binding, Keeper, Verdict};

/// What an attestation has to be about.
#[derive(Clone, Copy, Debug)]
pub struct ExpectedKey<'a> {
    /// The challenge that the app was given, which is used once.
    pub challenge: &'a [u8],
    /// The key of the certificate request, as a DER `SubjectPublicKeyInfo`; `None` if there is no request, and the
    /// evidence is tied to no key.
    pub public_key: Option<&'a [u8]>,
}

/// A key that Google's root vouches for.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct KeyAttestation {
    /// What the device says of it.
    #[serde(flatten)]
    pub description: KeyDescription,
    /// The attested key as a DER `SubjectPublicKeyInfo`.
    #[serde(skip)]
    pub public_key: Vec<u8>,
    /// Whether the device's certificates are those of a StrongBox. What a description says of one counts only then.
    #[serde(skip)]
    pub has_strong_box: bool,
    /// How many certificates for attesting keys the device was given in the last 30 days, where it fetches them and
    /// Google says so. Many speak for a device that was broken into; no policy asks for it.
    #[serde(skip)]
    pub certificates_issued: Option<u64>,
}

impl KeyAttestation {
    /// Reads a chain, leaf first and root last, that leads to one of the roots, and of which nothing was withdrawn.
    ///
    /// `roots` are [`google_roots`](super::google_roots) outside of tests. Without `status` nobody knows what was
    /// withdrawn. What the description says is not judged: [`KeyAttestation::check`] does that.
    ///
    /// # Errors
    ///
    /// The first check that fails.
    pub fn read(
        chain: &[Certificate],
        roots: &[Certificate],
        status: Option<&StatusList>,
        now: OffsetDateTime,
    ) -> Result<Self, AndroidRefusal> {
        check_chain(chain, roots, now)?;
        if let Some(status) = status {
            status.check(chain)?;
        }
        let leaf = chain.first().ok_or(AndroidRefusal::NoDescription)?;
        let description = KeyDescription::of(leaf)?.ok_or(AndroidRefusal::NoDescription)?;
        Ok(Self::claimed(chain, leaf, description))
    }

    /// What a chain claims, which nobody has verified: for a person who wants to know why it was refused. `None` if its
    /// first certificate has no description that can be read.
    #[must_use]
    pub fn unverified(chain: &[Certificate]) -> Option<Self> {
        let leaf = chain.first()?;
        let description = KeyDescription::of(leaf).ok().flatten()?;
        Some(Self::claimed(chain, leaf, description))
    }

    fn claimed(chain: &[Certificate], leaf: &Certificate, description: KeyDescription) -> Self {
        Self {
            description,
            public_key: leaf.spki_der().to_vec(),
            has_strong_box: Provisioning::has_strong_box(chain),
            certificates_issued: match Provisioning::of(chain) {
                Provisioning::Remote => chain.get(1).and_then(certificates_issued),
                Provisioning::Factory | Provisioning::Unknown => None,
            },
        }
    }

    /// What of it is not as it should be: all that [`check`](Self::check) would refuse, in the order of its checks.
    #[must_use]
    pub fn faults(&self, policy: &Policy, expected: &ExpectedKey<'_>) -> Vec<AndroidRefusal> {
        let mut faults = Vec::new();
        let challenge = &self.description.attestation_challenge;
        if challenge != expected.challenge {
            faults.push(AndroidRefusal::Challenge {
                expected: crate::shown(expected.challenge),
                seen: crate::shown(challenge),
            });
        }
        if let Some(key) = expected.public_key
            && key != self.public_key
        {
            faults.push(AndroidRefusal::Key {
                expected: crate::hex(&Sha256::digest(key)),
                seen: self.id(),
            });
        }
        policy.judge(&self.description, &mut faults);
        let is_said = self.description.key_mint_security_level == SecurityLevel::StrongBox;
        if policy.keeper == SecurityLevel::StrongBox && is_said && !self.has_strong_box {
            faults.push(AndroidRefusal::NoStrongBox);
        }
        if expected.public_key.is_some() {
            faults.extend(check_purposes(&self.description).err());
        }
        faults
    }

    /// Judges what the device says.
    ///
    /// # Errors
    ///
    /// The first thing that is not as it should be.
    pub fn check(
        self,
        policy: &Policy,
        expected: &ExpectedKey<'_>,
    ) -> Result<Verdict<Self>, AndroidRefusal> {
        if let Some(fault) = self.faults(policy, expected).into_iter().next() {
            return Err(fault);
        }
        Ok(Verdict {
            binding: match expected.public_key {
                Some(_) => Binding::SameKey,
                None => Binding::None,
            },
            keeper: match self.description.key_mint_security_level {
                SecurityLevel::Software => Keeper::Software,
                SecurityLevel::TrustedEnvironment => Keeper::TrustedEnvironment,
                SecurityLevel::StrongBox if self.has_strong_box => Keeper::SecureElement,
                // What says so is no StrongBox.
                SecurityLevel::StrongBox => Keeper::TrustedEnvironment,
            },
            id: self.id(),
            claims: self,
        })
    }

    fn id(&self) -> String {
        crate::hex(&Sha256::digest(&self.public_key))
    }
}

/// Verifies a chain, leaf first and root last: [`KeyAttestation::read`], then [`KeyAttestation::check`], with a status
/// list that is as fresh as the policy asks for.
///
/// # Errors
///
/// The first check that fails.
pub fn verify(
    chain: &[Certificate],
    expected: &ExpectedKey<'_>,
    policy: &Policy,
    roots: &[Certificate],
    status: Option<&StatusList>,
    now: OffsetDateTime,
) -> Result<Verdict<KeyAttestation>, AndroidRefusal> {
    if let Some(max_age) = policy.status_max_age_hours {
        let status = status.ok_or(AndroidRefusal::NoStatusList)?;
        status.check_age(max_age, now)?;
    }
    KeyAttestation::read(chain, roots, status, now)?.check(policy, expected)
}
