//! CAs that sign whatever they are given.

use std::sync::Arc;

use const_oid::db::rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER;

use crate::draft::Draft;
use crate::extension::subject_key_id;
use crate::key::{Hash, Key};

/// A CA: certificate, name and key.
#[derive(Clone)]
pub(crate) struct Authority {
    pub(crate) der: Vec<u8>,
    pub(crate) name: Vec<u8>,
    pub(crate) key: Arc<Key>,
    /// What an RSA key of this CA hashes with.
    pub(crate) hash: Hash,
}

impl Authority {
    /// Signs itself.
    pub(crate) fn root(draft: Draft, key: Key) -> Self {
        Self::root_with(draft, Arc::new(key))
    }

    pub(crate) fn root_with(draft: Draft, key: Arc<Key>) -> Self {
        let (name, draft) = (draft.subject.clone(), identified(draft, &key));
        let der = draft
            .without_authority_key_id()
            .sign(&key, &name, &key, Hash::Sha256);
        Self {
            der,
            name,
            key,
            hash: Hash::Sha256,
        }
    }

    /// A CA below this one.
    pub(crate) fn sub(&self, draft: Draft) -> Self {
        self.sub_with(draft, Arc::new(Key::p256()))
    }

    pub(crate) fn sub_with(&self, draft: Draft, key: Arc<Key>) -> Self {
        let (name, draft) = (draft.subject.clone(), identified(draft, &key));
        Self {
            der: self.issue(draft, &key),
            name,
            key,
            hash: Hash::Sha256,
        }
    }

    pub(crate) fn issue(&self, draft: Draft, public: &Key) -> Vec<u8> {
        draft.sign(public, &self.name, &self.key, self.hash)
    }

    pub(crate) fn hashing_with(mut self, hash: Hash) -> Self {
        self.hash = hash;
        self
    }
}

/// With the key's identifier, unless the draft has one or has no extension at all.
fn identified(draft: Draft, key: &Key) -> Draft {
    let has_id = |e: &x509_cert::ext::Extension| e.extn_id == ID_CE_SUBJECT_KEY_IDENTIFIER;
    if draft.extensions.is_empty() || draft.extensions.iter().any(has_id) {
        draft
    } else {
        draft.and(subject_key_id(&key.id()))
    }
}
