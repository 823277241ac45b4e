//! The configuration that is active: what is presented and which servers are accepted, replaced whole.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};

use pki_core::verify::{ChainVerifier, CrlSet, Purpose, Revocation, TrustAnchors};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::ServerName;

use crate::handshake::identity_resolver::IdentityResolver;
use crate::handshake::sessions::{Resumption, Sessions};
use crate::handshake::verifier::ServerVerifier;
use crate::identities::Identities;
use crate::trust::pin_policy::PinPolicy;

/// The settings of now.
///
/// Read anew by each handshake, and shared by every rustls configuration that came out of the connector.
#[derive(Debug)]
pub(crate) struct ActiveConfiguration {
    fixed: FixedSettings,
    generation: RwLock<Arc<Generation>>,
    dependents: Mutex<Vec<Weak<dyn Renew>>>,
}

/// What no replacement changes.
#[derive(Debug)]
pub(crate) struct FixedSettings {
    /// Checked instead of the host of the URL.
    pub(crate) name: Option<ServerName<'static>>,
    pub(crate) provider: Arc<CryptoProvider>,
    pub(crate) resumption: Resumption,
}

/// What can be replaced.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) identities: Arc<Identities>,
    pub(crate) pins: Option<Arc<PinPolicy>>,
    pub(crate) roots: TrustAnchors,
    pub(crate) revocation: Option<Revocation>,
}

/// Settings that never change, with all that belongs to them alone.
///
/// Their sessions too: what was agreed with an old identity, or under old pins, roots or CRLs, is never resumed after
/// their replacement, and a ticket that comes late joins the generation of its connection.
#[derive(Debug)]
pub(crate) struct Generation {
    pub(crate) settings: Settings,
    pub(crate) verifier: Arc<ServerVerifier>,
    pub(crate) resolver: Arc<IdentityResolver>,
    pub(crate) sessions: Arc<Sessions>,
}

/// Something that keeps connections, which belong to a generation.
pub(crate) trait Renew: Send + Sync + std::fmt::Debug {
    /// Lets go of what belongs to generations before the one that is active.
    fn renew(&self);
}

impl Generation {
    fn new(fixed: &FixedSettings, settings: Settings) -> Self {
        let mut chain = ChainVerifier::builder(settings.roots.clone(), Purpose::TlsServer);
        if let Some(revocation) = settings.revocation.clone() {
            chain = chain.revocation(revocation);
        }
        let verifier = ServerVerifier {
            chain: chain.build(),
            name: fixed.name.clone(),
            pins: settings.pins.clone(),
            provider: Arc::clone(&fixed.provider),
        };
        Self {
            verifier: Arc::new(verifier),
            resolver: Arc::new(IdentityResolver(Arc::clone(&settings.identities))),
            sessions: Arc::new(Sessions::new(fixed.resumption)),
            settings,
        }
    }
}

impl ActiveConfiguration {
    pub(crate) fn new(fixed: FixedSettings, settings: Settings) -> Self {
        Self {
            generation: RwLock::new(Arc::new(Generation::new(&fixed, settings))),
            fixed,
            dependents: Mutex::default(),
        }
    }

    pub(crate) fn generation(&self) -> Arc<Generation> {
        // A generation is swapped by one assignment, so a panic elsewhere leaves none half made.
        let generation = self
            .generation
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&generation)
    }

    pub(crate) fn provider(&self) -> &Arc<CryptoProvider> {
        &self.fixed.provider
    }

    pub(crate) fn set_identities(&self, identities: Identities) {
        self.replace(|settings| settings.identities = Arc::new(identities));
    }

    pub(crate) fn set_pins(&self, pins: PinPolicy) {
        self.replace(|settings| settings.pins = Some(Arc::new(pins)));
    }

    pub(crate) fn set_revocation(&self, revocation: Revocation) {
        self.replace(|settings| settings.revocation = Some(revocation));
    }

    pub(crate) fn set_roots(&self, roots: TrustAnchors) {
        self.replace(|settings| settings.roots = roots);
    }

    /// Roots and CRLs at once; how strictly the CRLs are read stays.
    pub(crate) fn set_trust(&self, roots: TrustAnchors, crls: Option<CrlSet>) {
        self.replace(|settings| {
            settings.roots = roots;
            if let Some(crls) = crls {
                settings.revocation = Some(match &settings.revocation {
                    Some(revocation) => revocation.clone().with_crls(crls),
                    None => Revocation::new(crls),
                });
            }
        });
    }

    /// Renews `dependent` with each replacement, as long as it exists.
    pub(crate) fn add_dependent(&self, dependent: Weak<dyn Renew>) {
        let mut dependents = self.dependents();
        dependents.retain(|known| known.strong_count() > 0);
        dependents.push(dependent);
    }

    fn replace(&self, change: impl FnOnce(&mut Settings)) {
        {
            let mut generation = self
                .generation
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            let mut settings = generation.settings.clone();
            change(&mut settings);
            *generation = Arc::new(Generation::new(&self.fixed, settings));
        }
        // They read the active generation and may take their time, so no lock is held.
        let dependents = self.dependents().clone();
        for dependent in dependents.iter().filter_map(Weak::upgrade) {
            dependent.renew();
        }
    }

    fn dependents(&self) -> MutexGuard<'_, Vec<Weak<dyn Renew>>> {
        self.dependents
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
