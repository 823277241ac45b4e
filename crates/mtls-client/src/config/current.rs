//! What all connections of a connector go by, replaced whole while they are made.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};

use pki_core::verify::{ChainVerifier, CrlSet, Purpose, Revocation, TrustAnchors};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::ServerName;

use crate::handshake::attempt::AlwaysShow;
use crate::handshake::session::{Resumption, Sessions};
use crate::handshake::verifier::ServerVerifier;
use crate::identities::Identities;
use crate::trust::pin_policy::PinPolicy;

/// What is shown and which servers are accepted, now.
///
/// Read anew by each handshake, and shared by every configuration that came out of the connector.
#[derive(Debug)]
pub(crate) struct Current {
    fixed: Fixed,
    generation: RwLock<Arc<Generation>>,
    followers: Mutex<Vec<Weak<dyn Follow>>>,
}

/// What no replacement changes.
#[derive(Debug)]
pub(crate) struct Fixed {
    /// Checked instead of the host of the URL.
    pub(crate) name: Option<ServerName<'static>>,
    pub(crate) provider: Arc<CryptoProvider>,
    pub(crate) resumption: Resumption,
}

/// What a connection goes by.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    pub(crate) identities: Arc<Identities>,
    pub(crate) pins: Option<Arc<PinPolicy>>,
    pub(crate) roots: TrustAnchors,
    pub(crate) revocation: Option<Revocation>,
}

/// One state, never changed, with all that belongs to it alone.
///
/// Its sessions too: what was agreed with an old identity, or under old pins, roots or CRLs, is resumed by
/// nobody after their replacement, and a ticket that comes late joins the generation of its connection.
#[derive(Debug)]
pub(crate) struct Generation {
    pub(crate) terms: Terms,
    pub(crate) verifier: Arc<ServerVerifier>,
    pub(crate) shown: Arc<AlwaysShow>,
    pub(crate) sessions: Arc<Sessions>,
}

/// Whoever keeps connections that belong to a generation.
pub(crate) trait Follow: Send + Sync + std::fmt::Debug {
    /// Lets go of what belongs to generations before the current one.
    fn renew(&self);
}

impl Generation {
    fn new(fixed: &Fixed, terms: Terms) -> Self {
        let mut chain = ChainVerifier::builder(terms.roots.clone(), Purpose::TlsServer);
        if let Some(revocation) = terms.revocation.clone() {
            chain = chain.revocation(revocation);
        }
        let verifier = ServerVerifier {
            chain: chain.build(),
            name: fixed.name.clone(),
            pins: terms.pins.clone(),
            provider: Arc::clone(&fixed.provider),
        };
        Self {
            verifier: Arc::new(verifier),
            shown: Arc::new(AlwaysShow(Arc::clone(&terms.identities))),
            sessions: Arc::new(Sessions::new(fixed.resumption)),
            terms,
        }
    }
}

impl Current {
    pub(crate) fn new(fixed: Fixed, terms: Terms) -> Self {
        Self {
            generation: RwLock::new(Arc::new(Generation::new(&fixed, terms))),
            fixed,
            followers: Mutex::default(),
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

    pub(crate) fn set_identities(&self, identities: Identities) {
        self.replace(|terms| terms.identities = Arc::new(identities));
    }

    pub(crate) fn set_pins(&self, pins: PinPolicy) {
        self.replace(|terms| terms.pins = Some(Arc::new(pins)));
    }

    pub(crate) fn set_revocation(&self, revocation: Revocation) {
        self.replace(|terms| terms.revocation = Some(revocation));
    }

    pub(crate) fn set_roots(&self, roots: TrustAnchors) {
        self.replace(|terms| terms.roots = roots);
    }

    /// Roots and CRLs at once; how strictly the CRLs are read stays.
    pub(crate) fn set_trust(&self, roots: TrustAnchors, crls: Option<CrlSet>) {
        self.replace(|terms| {
            terms.roots = roots;
            if let Some(crls) = crls {
                terms.revocation = Some(match &terms.revocation {
                    Some(revocation) => revocation.clone().with_crls(crls),
                    None => Revocation::new(crls),
                });
            }
        });
    }

    pub(crate) fn follow(&self, follower: Weak<dyn Follow>) {
        let mut followers = self.followers();
        followers.retain(|known| known.strong_count() > 0);
        followers.push(follower);
    }

    fn replace(&self, change: impl FnOnce(&mut Terms)) {
        {
            let mut generation = self
                .generation
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            let mut terms = generation.terms.clone();
            change(&mut terms);
            *generation = Arc::new(Generation::new(&self.fixed, terms));
        }
        // They read the current generation and may take their time, so no lock is held.
        let followers = self.followers().clone();
        for follower in followers.iter().filter_map(Weak::upgrade) {
            follower.renew();
        }
    }

    fn followers(&self) -> MutexGuard<'_, Vec<Weak<dyn Follow>>> {
        self.followers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
