//! Keys in files: encrypted PKCS#8, readable by their owner alone.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use pki_core::{KeyPair, Password};

use crate::files::{read_secret, write_secret};

/// Writes a key, encrypted.
pub(crate) fn write_key(path: &Path, key: &KeyPair, passphrase: &Password) -> Result<()> {
    let pem = key
        .secret_encrypted_pkcs8_pem(passphrase)
        .context("the key cannot be encrypted")?;
    write_secret(path, pem.as_bytes())
}

/// Reads a key that [`write_key`] has written.
pub(in crate::home) fn read_key(path: &Path, passphrase: &Password) -> Result<Arc<KeyPair>> {
    KeyPair::from_pem(&read_secret(path)?, Some(passphrase))
        .map(Arc::new)
        .with_context(|| format!("cannot use the CA's key {}", path.display()))
}
