//! The whole: chain, list of withdrawn certificates, description, policy.

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use x509_identity::Certificate;

use super::chain::check_chain;
use super::description::{KeyDescription, SecurityLevel};
use super::policy::{Policy, check_purposes};
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
        Ok(Self::claimed(leaf, description))
    }

    /// What a certificate claims, which nobody has verified: for a person who wants to know why it was refused.
    #[must_use]
    pub fn claimed(leaf: &Certificate, description: KeyDescription) -> Self {
        Self {
            description,
            public_key: leaf.spki_der().to_vec(),
        }
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
        if self.description.attestation_challenge != expected.challenge {
            return Err(AndroidRefusal::Challenge);
        }
        let binding = match expected.public_key {
            Some(key) if key == self.public_key => Binding::SameKey,
            Some(_) => return Err(AndroidRefusal::Key),
            None => Binding::None,
        };
        policy.check(&self.description)?;
        if binding == Binding::SameKey {
            check_purposes(&self.description)?;
        }
        Ok(Verdict {
            binding,
            keeper: match self.description.key_mint_security_level {
                SecurityLevel::Software => Keeper::Software,
                SecurityLevel::TrustedEnvironment => Keeper::TrustedEnvironment,
                SecurityLevel::StrongBox => Keeper::SecureElement,
            },
            id: crate::hex(&Sha256::digest(&self.public_key)),
            claims: self,
        })
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
