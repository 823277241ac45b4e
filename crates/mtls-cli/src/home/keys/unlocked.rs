//! Keys that are ready to sign.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use pki_core::Signer;

use super::key::CaKey;

/// The keys that were unlocked or made: decrypting one takes a good part of a second.
#[derive(Default)]
pub(in crate::home) struct UnlockedKeys(Mutex<HashMap<CaKey, Arc<dyn Signer>>>);

impl UnlockedKeys {
    pub(in crate::home) fn get(&self, key: CaKey) -> Option<Arc<dyn Signer>> {
        let keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.get(&key).cloned()
    }

    pub(in crate::home) fn keep(&self, key: CaKey, signer: Arc<dyn Signer>) {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.insert(key, signer);
    }
}
