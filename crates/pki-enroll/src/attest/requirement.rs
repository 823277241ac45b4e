//! A policy that can be met, with what evidence is verified against.

use std::fmt;
use std::sync::Arc;

use pki_attest::Binding;
use pki_attest::android::{StatusList, google_roots};
use pki_attest::apple::app_attestation_root;
use pki_store::NamePattern;
use x509_identity::Certificate;

use super::evidence::EvidenceKind;
use super::policy::{AttestationPolicy, EvidenceCredential};

/// Where Google's list of withdrawn certificates comes from. Two of the same name are the same.
#[derive(Clone)]
pub struct StatusListSource {
    name: String,
    newest: Arc<dyn Fn() -> Option<Arc<StatusList>> + Send + Sync>,
}

impl StatusListSource {
    /// `newest` gives the newest list that there is, whenever it is asked for. It may take a moment, as to read a file.
    pub fn new<F>(name: impl Into<String>, newest: F) -> Self
    where
        F: Fn() -> Option<Arc<StatusList>> + Send + Sync + 'static,
    {
        Self {
            name: name.into(),
            newest: Arc::new(newest),
        }
    }

    pub(super) fn newest(&self) -> Option<Arc<StatusList>> {
        (self.newest)()
    }
}

impl PartialEq for StatusListSource {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// What evidence is verified against.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct AttestationSources {
    /// Apple's root.
    pub apple_root: Certificate,
    /// Google's roots.
    pub android_roots: Vec<Certificate>,
    /// Google's list of withdrawn certificates.
    pub android_status: Option<StatusListSource>,
}

/// The roots of Apple and Google, and no list.
impl Default for AttestationSources {
    fn default() -> Self {
        Self {
            apple_root: app_attestation_root().clone(),
            android_roots: google_roots().to_vec(),
            android_status: None,
        }
    }
}

/// What devices have to prove to get a certificate of a profile, and against what that is verified.
#[derive(Clone, PartialEq)]
pub struct AttestationRequirement {
    pub(super) policy: AttestationPolicy,
    pub(super) sources: AttestationSources,
}

/// Why a policy cannot be met, or means nothing.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AttestationPolicyError {
    /// Evidence of Apple's counts, of no app.
    #[error("evidence of Apple's counts, and `apple.apps` names no app")]
    NoApps,

    /// No evidence counts.
    #[error("`kinds` is empty: no evidence would be accepted")]
    NoKinds,

    /// Evidence is enough, and there are no names for it.
    #[error("evidence alone is enough, and `names` says no name for it")]
    NoNames,

    /// Android's evidence counts, of no app.
    #[error("Android's evidence counts, and `android.packages` names no app")]
    NoPackages,

    /// A list of withdrawn certificates is asked for, and there is none.
    #[error(
        "withdrawn certificates are looked for in a list of at most `android.status_max_age_hours`, and there is no list"
    )]
    NoStatusList,

    /// A name is not one.
    #[error("`{0}` in `names` is not a name with `{{device_id}}` in it")]
    Name(String),

    /// An assertion needs a key, which is registered by an attestation.
    #[error(
        "`apple-assertion` counts, and no key could be registered: `apple-app-attest` does not"
    )]
    NoRegistration,

    /// Names are for evidence alone.
    #[error("`names` is for evidence alone, and a token is asked for, which says the names")]
    NamesUnused,

    /// App Attest can never prove as much.
    #[error("App Attest proves `csr-hash` at most, and `minimum` asks for `same-key`")]
    Unreachable,
}

impl AttestationRequirement {
    /// A policy, with what its evidence is verified against.
    ///
    /// # Errors
    ///
    /// If no device could ever meet it, or it leaves open which app is meant.
    pub fn new(
        policy: AttestationPolicy,
        sources: AttestationSources,
    ) -> Result<Self, AttestationPolicyError> {
        use AttestationPolicyError as E;
        if policy.kinds.is_empty() {
            return Err(E::NoKinds);
        }
        if policy.takes_apples() {
            if policy.apple.as_ref().is_none_or(|it| it.apps.is_empty()) {
                return Err(E::NoApps);
            }
            if policy.minimum.binding > Binding::CsrHash {
                return Err(E::Unreachable);
            }
            if !policy.takes(EvidenceKind::AppleAppAttest) {
                return Err(E::NoRegistration);
            }
        }
        if policy.takes(EvidenceKind::AndroidKey) {
            if policy.android.packages.is_empty() {
                return Err(E::NoPackages);
            }
            if policy.android.status_max_age_hours.is_some() && sources.android_status.is_none() {
                return Err(E::NoStatusList);
            }
        }
        match (policy.credential, policy.names.is_empty()) {
            (EvidenceCredential::Evidence, true) => return Err(E::NoNames),
            (EvidenceCredential::TokenAndEvidence, false) => return Err(E::NamesUnused),
            _ => {}
        }
        let requirement = Self { policy, sources };
        let sample = "0".repeat(DEVICE_ID_LEN);
        for template in &requirement.policy.names {
            if !template.contains(DEVICE_ID) || name(template, &sample).is_none() {
                return Err(E::Name(template.clone()));
            }
        }
        Ok(requirement)
    }

    /// What is asked for.
    #[must_use]
    pub fn policy(&self) -> &AttestationPolicy {
        &self.policy
    }

    /// Whether evidence is enough.
    pub(crate) fn is_credential(&self) -> bool {
        self.policy.credential == EvidenceCredential::Evidence
    }

    /// The names that a device may have.
    pub(crate) fn names(&self, device: &str) -> Vec<NamePattern> {
        let names = self.policy.names.iter();
        // Each was one with another identifier of the same length and alphabet.
        names.filter_map(|it| name(it, device)).collect()
    }
}

impl fmt::Debug for AttestationRequirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AttestationRequirement")
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

fn name(template: &str, device: &str) -> Option<NamePattern> {
    let text = template.replace(DEVICE_ID, device);
    let name = (!text.contains(['{', '}', '*'])).then(|| text.parse().ok())?;
    name.filter(|name: &NamePattern| {
        name.only_name().is_some() || matches!(name, NamePattern::CommonName(_))
    })
}

const DEVICE_ID: &str = "{device_id}";

/// Hex digits of an identifier: 128 bits, so that it fits into a label of a host name and into a common name.
pub(super) const DEVICE_ID_LEN: usize = 32;
