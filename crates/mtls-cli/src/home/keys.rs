//! The keys of a CA: encrypted PKCS#8, readable by their owner alone.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use pki_core::{KeyPair, Password, SignError, SignatureAlgorithm, Signer};

use crate::files::{read_secret, write_secret};

/// Which of a CA's keys.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum CaKey {
    Root,
    Issuing,
}

impl CaKey {
    /// `root` or `issuing`: of its files and in its URLs.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Issuing => "issuing",
        }
    }
}

/// A key that signs for a CA and for its checkpoints.
#[derive(Clone)]
pub(crate) struct SharedKey(Arc<KeyPair>);

impl Signer for SharedKey {
    fn algorithm(&self) -> SignatureAlgorithm {
        self.0.algorithm()
    }

    fn public_key_der(&self) -> &[u8] {
        self.0.public_key_der()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        self.0.sign(message)
    }
}

/// Writes a key, encrypted.
pub(crate) fn write_key(path: &Path, key: &KeyPair, passphrase: &Password) -> Result<()> {
    let pem = key
        .secret_encrypted_pkcs8_pem(passphrase)
        .context("the key cannot be encrypted")?;
    write_secret(path, pem.as_bytes())
}

/// Reads a key that [`write_key`] has written.
pub(super) fn read_key(path: &Path, passphrase: &Password) -> Result<SharedKey> {
    KeyPair::from_pem(&read_secret(path)?, Some(passphrase))
        .map(|key| SharedKey(Arc::new(key)))
        .with_context(|| format!("cannot use the CA's key {}", path.display()))
}
