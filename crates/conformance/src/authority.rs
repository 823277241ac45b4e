//! CAs that sign whatever they are given.

use std::sync::Arc;

use const_oid::db::rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER;

use crate::certificate::CertificateBuilder;
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
    pub(crate) fn root(builder: CertificateBuilder, key: Key) -> Self {
        Self::root_with(builder, Arc::new(key))
    }

    pub(crate) fn root_with(builder: CertificateBuilder, key: Arc<Key>) -> Self {
        let (name, builder) = (builder.subject.clone(), identified(builder, &key));
        let der = builder
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
    pub(crate) fn sub(&self, builder: CertificateBuilder) -> Self {
        self.sub_with(builder, Arc::new(Key::p256()))
    }

    pub(crate) fn sub_with(&self, builder: CertificateBuilder, key: Arc<Key>) -> Self {
        let (name, builder) = (builder.subject.clone(), identified(builder, &key));
        Self {
            der: self.issue(builder, &key),
            name,
            key,
            hash: Hash::Sha256,
        }
    }

    pub(crate) fn issue(&self, builder: CertificateBuilder, public: &Key) -> Vec<u8> {
        builder.sign(public, &self.name, &self.key, self.hash)
    }

    pub(crate) fn hashing_with(mut self, hash: Hash) -> Self {
        self.hash = hash;
        self
    }
}

/// With the key's identifier, unless the builder has one or has no extension at all.
fn identified(builder: CertificateBuilder, key: &Key) -> CertificateBuilder {
    let has_id = |e: &x509_cert::ext::Extension| e.extn_id == ID_CE_SUBJECT_KEY_IDENTIFIER;
    if builder.extensions.is_empty() || builder.extensions.iter().any(has_id) {
        builder
    } else {
        builder.and(subject_key_id(&key.id()))
    }
}
