//! The keys of a CA: encrypted PKCS#8, readable by their owner alone, or in a token.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use pki_core::{KeyPair, Password, Signer};

use super::token::KeyUri;
use crate::files::{read_secret, write_secret};

/// Which of a CA's keys: the first root has the number 1, and each rotation makes the next.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct CaKey {
    pub(crate) role: CaRole,
    pub(crate) number: u32,
}

/// What a key of a CA signs.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum CaRole {
    /// CAs.
    Root,
    /// Leaves.
    Issuing,
}

impl CaKey {
    pub(crate) const FIRST_ROOT: Self = Self::root(1);
    pub(crate) const FIRST_ISSUING: Self = Self::issuing(1);

    pub(crate) const fn root(number: u32) -> Self {
        let role = CaRole::Root;
        Self { role, number }
    }

    pub(crate) const fn issuing(number: u32) -> Self {
        let role = CaRole::Issuing;
        Self { role, number }
    }

    /// `root`, `issuing`, after a rotation `issuing-2`: of its files and in its URLs.
    pub(crate) fn name(self) -> String {
        let role = match self.role {
            CaRole::Root => "root",
            CaRole::Issuing => "issuing",
        };
        match self.number {
            1 => role.to_owned(),
            number => format!("{role}-{number}"),
        }
    }

    /// How long its CRLs count.
    pub(crate) fn crl_life(self) -> time::Duration {
        match self.role {
            CaRole::Root => time::Duration::days(90),
            CaRole::Issuing => time::Duration::days(7),
        }
    }
}

/// Where a key of a CA is.
#[derive(Clone, Debug)]
pub(crate) enum KeyPlace {
    /// Encrypted in a file, which may be elsewhere at the moment.
    File(PathBuf),
    /// In a token.
    Token(KeyUri),
}

impl KeyPlace {
    /// Whether it can be used here. A token is asked when it is used.
    pub(crate) fn is_here(&self) -> bool {
        match self {
            Self::File(path) => path.exists(),
            Self::Token(_) => true,
        }
    }
}

impl fmt::Display for KeyPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Token(uri) => uri.fmt(f),
        }
    }
}

/// The keys that were unlocked or made: decrypting one takes a good part of a second.
#[derive(Default)]
pub(super) struct UnlockedKeys(Mutex<HashMap<CaKey, Arc<dyn Signer>>>);

impl UnlockedKeys {
    pub(super) fn get(&self, key: CaKey) -> Option<Arc<dyn Signer>> {
        let keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.get(&key).cloned()
    }

    pub(super) fn keep(&self, key: CaKey, signer: Arc<dyn Signer>) {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.insert(key, signer);
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
pub(super) fn read_key(path: &Path, passphrase: &Password) -> Result<Arc<KeyPair>> {
    KeyPair::from_pem(&read_secret(path)?, Some(passphrase))
        .map(Arc::new)
        .with_context(|| format!("cannot use the CA's key {}", path.display()))
}
