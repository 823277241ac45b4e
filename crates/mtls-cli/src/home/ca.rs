//! The directory of one CA.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use pki_core::{Authority, Password, Profile};
use pki_store::CheckpointPlace;
use x509_identity::Certificate;

use super::keys::{CaKey, SharedKey, read_key};
use super::profiles;
use super::settings::Settings;
use crate::files::read;
use crate::look::certificates;

/// The directory of one CA, and its settings.
#[derive(Debug)]
pub(crate) struct CaDirectory {
    path: PathBuf,
    settings: Settings,
}

impl CaDirectory {
    /// Reads the settings.
    ///
    /// # Errors
    ///
    /// If `ca.toml` is missing or says what it should not.
    pub(crate) fn open(path: PathBuf) -> Result<Self> {
        let file = path.join(SETTINGS);
        let text = read(&file)?;
        let settings = str::from_utf8(&text)
            .map_err(anyhow::Error::from)
            .and_then(Settings::read)
            .with_context(|| format!("cannot use {}", file.display()))?;
        Ok(Self { path, settings })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The certificate of the root or the issuing CA, and those above it.
    ///
    /// # Errors
    ///
    /// If a file cannot be read.
    pub(crate) fn chain(&self, key: CaKey) -> Result<Vec<Certificate>> {
        let mut chain = self.certificates(key)?;
        if key == CaKey::Issuing {
            // An imported CA may be its own root.
            let mut above = self.roots()?;
            above.retain(|root| !chain.contains(root));
            chain.extend(above);
        }
        Ok(chain)
    }

    /// What others have to trust.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub(crate) fn roots(&self) -> Result<Vec<Certificate>> {
        self.certificates(CaKey::Root)
    }

    fn certificates(&self, key: CaKey) -> Result<Vec<Certificate>> {
        let path = self.path.join(format!("{}.crt", key.name()));
        certificates(&read(&path)?).with_context(|| format!("cannot use {}", path.display()))
    }

    /// The root or the issuing CA, ready to sign.
    ///
    /// # Errors
    ///
    /// If the passphrase is wrong, or key and certificate do not belong together.
    pub(crate) fn authority(
        &self,
        key: CaKey,
        passphrase: &Password,
    ) -> Result<(Authority, SharedKey)> {
        let path = self.key_path(key);
        let pair = read_key(&path, passphrase)?;
        let authority = Authority::new(self.chain(key)?, pair.clone())
            .with_context(|| format!("cannot use the CA's key {}", path.display()))?;
        Ok((authority, pair))
    }

    /// Where checkpoints of the audit log are kept; a path in `ca.toml` is relative to the CA's directory.
    ///
    /// # Errors
    ///
    /// If `ca.toml` names no place.
    pub(crate) fn checkpoints(&self) -> Result<CheckpointPlace> {
        let place = self.settings.checkpoints.parse();
        let place = place.with_context(|| format!("cannot use {SETTINGS}"))?;
        Ok(match place {
            CheckpointPlace::Directory(path) => CheckpointPlace::Directory(self.path.join(path)),
            CheckpointPlace::File(path) => CheckpointPlace::File(self.path.join(path)),
            other => other,
        })
    }

    pub(crate) fn key_path(&self, key: CaKey) -> PathBuf {
        key_path(&self.path, key)
    }

    /// What may be issued by that name: `profiles/NAME.toml`.
    ///
    /// # Errors
    ///
    /// If there is no such profile, or it says what no profile says.
    pub(crate) fn profile(&self, name: &str) -> Result<Profile> {
        profiles::load(&self.path.join(PROFILES), name)
    }
}

pub(super) fn key_path(ca: &Path, key: CaKey) -> PathBuf {
    ca.join(KEYS).join(format!("{}.key", key.name()))
}

pub(super) const SETTINGS: &str = "ca.toml";
pub(super) const KEYS: &str = "keys";
pub(super) const PROFILES: &str = "profiles";
