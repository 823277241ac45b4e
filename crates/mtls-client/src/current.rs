//! What all connections of a connector go by, replaced whole while they are made.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};

use crate::identities::Identities;
use crate::pin_policy::PinPolicy;

/// What is shown and which servers' keys are accepted, now.
///
/// Read anew by each handshake, and shared by every configuration that came out of the connector.
/// TLS sessions are not resumed. Where they are one day, their store belongs in here: a session made
/// with the old identity, or under the old pins, must not survive either.
#[derive(Debug)]
pub(crate) struct Current {
    generation: RwLock<Arc<Generation>>,
    followers: Mutex<Vec<Weak<dyn Follow>>>,
}

/// One state, never changed.
#[derive(Clone, Debug)]
pub(crate) struct Generation {
    pub(crate) identities: Arc<Identities>,
    pub(crate) pins: Option<Arc<PinPolicy>>,
}

/// Whoever keeps connections that belong to a generation.
pub(crate) trait Follow: Send + Sync + std::fmt::Debug {
    /// Lets go of what belongs to generations before the current one.
    fn renew(&self);
}

impl Current {
    pub(crate) fn new(generation: Generation) -> Self {
        Self {
            generation: RwLock::new(Arc::new(generation)),
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
        let identities = Arc::new(identities);
        self.replace(|generation| Generation {
            identities,
            ..generation.clone()
        });
    }

    pub(crate) fn set_pins(&self, pins: PinPolicy) {
        let pins = Some(Arc::new(pins));
        self.replace(|generation| Generation {
            pins,
            ..generation.clone()
        });
    }

    pub(crate) fn follow(&self, follower: Weak<dyn Follow>) {
        let mut followers = self.followers();
        followers.retain(|known| known.strong_count() > 0);
        followers.push(follower);
    }

    fn replace(&self, next: impl FnOnce(&Generation) -> Generation) {
        {
            let mut generation = self
                .generation
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            *generation = Arc::new(next(&generation));
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
