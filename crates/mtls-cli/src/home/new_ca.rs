//! A CA in the making: written beside, and in place in one step.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use pki_store::{Store, StoreUrl};
use tempfile::TempDir;

use super::ca;
use super::directory::Home;
use super::keys::{CaKey, write_key};
use super::lock::lock;
use super::name::CaName;
use super::profiles::{Purpose, profile_text};
use super::settings::{STORE, Settings};
use crate::files::{sync_directory, write_public};
use crate::interrupt::Unfinished;

/// The directory of a CA before it has its name. What is interrupted leaves a hidden directory, which the next one
/// removes; what fails leaves nothing.
#[derive(Debug)]
pub(crate) struct NewCa {
    staging: TempDir,
    _unfinished: Unfinished,
    place: PathBuf,
    home: PathBuf,
    /// Held until the CA is in place: two at a time would remove each other's directories.
    _lock: fs::File,
}

impl NewCa {
    /// Begins one.
    ///
    /// # Errors
    ///
    /// If there is a CA of that name, or the home cannot be written.
    pub(crate) fn begin(home: &Home, name: &CaName) -> Result<Self> {
        home.make()?;
        let lock = lock(home.path())?;
        if home.names()?.contains(name) {
            bail!(
                "there is a CA `{name}` in {} already: nothing was changed",
                home.path().display()
            );
        }
        remove_leftovers(home.path());
        let mut builder = tempfile::Builder::new();
        builder.prefix(STAGING);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            builder.permissions(fs::Permissions::from_mode(0o700));
        }
        let (staging, unfinished) = Unfinished::of(|| builder.tempdir_in(home.path()))
            .with_context(|| format!("cannot write into {}", home.path().display()))?;
        for directory in [ca::KEYS, ca::PROFILES] {
            make_private(&staging.path().join(directory))?;
        }
        Ok(Self {
            _unfinished: unfinished,
            staging,
            place: home.path().join(name.as_str()),
            home: home.path().to_owned(),
            _lock: lock,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        self.staging.path()
    }

    /// Writes an encrypted key.
    pub(crate) fn write_key(
        &self,
        key: CaKey,
        pair: &pki_core::KeyPair,
        passphrase: &pki_core::Password,
    ) -> Result<()> {
        write_key(&ca::key_path(self.path(), key), pair, passphrase)
    }

    /// Writes settings and profiles.
    pub(crate) fn write_settings(&self, settings: &Settings) -> Result<()> {
        let text = settings.to_toml()?;
        write_public(&self.path().join(ca::SETTINGS), text.as_bytes())?;
        for purpose in Purpose::ALL {
            let text = profile_text(purpose, settings.url.as_deref(), settings.leaf_keys());
            let file = format!("{}.toml", purpose.name());
            write_public(&self.path().join(ca::PROFILES).join(file), text.as_bytes())?;
        }
        Ok(())
    }

    /// Opens the store that is beside the settings.
    pub(crate) async fn open_store(&self) -> Result<Store> {
        Ok(Store::open(&StoreUrl::Sqlite(self.path().join(STORE))).await?)
    }

    /// Writes a certificate, or several.
    pub(crate) fn write_certificate(&self, key: CaKey, pem: &str) -> Result<()> {
        let file = format!("{}.crt", key.name());
        write_public(&self.path().join(file), pem.as_bytes())
    }

    /// Puts the CA in its place, whole.
    ///
    /// # Errors
    ///
    /// If another one has taken it meanwhile.
    pub(crate) fn finish(self) -> Result<PathBuf> {
        let cannot = || format!("cannot make {}", self.place.display());
        sync_directory(self.staging.path()).with_context(cannot)?;
        // A directory replaces an empty one at most.
        fs::rename(self.staging.path(), &self.place).with_context(cannot)?;
        let _ = self.staging.keep();
        sync_directory(&self.home)
            .with_context(|| format!("cannot make {}", self.place.display()))?;
        Ok(self.place)
    }
}

fn remove_leftovers(home: &Path) {
    let Ok(entries) = fs::read_dir(home) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if name.to_str().is_some_and(|name| name.starts_with(STAGING)) {
            // The next one tries again.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn make_private(path: &Path) -> Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder
        .create(path)
        .with_context(|| format!("cannot make {}", path.display()))
}

const STAGING: &str = ".new-ca-";
