//! The directory of one CA.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use pki_core::{Authority, KeyKind, KeyPair, Profile, Signer};
use pki_enroll::EnrollProfile;
use pki_store::CheckpointPlace;
use x509_identity::Certificate;

use super::keys::{CaKey, CaRole, KeyPlace, Secrets, read_key, write_key};
use super::lock::lock;
use super::profiles;
use super::settings::{Rotation, Settings};
use crate::files::{read, write_public};
use crate::look::{certificate_of, certificates_of};
use crate::output::waiting;

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

    /// The root that issuing CAs are below from now on.
    pub(crate) fn root(&self) -> CaKey {
        CaKey::root(self.settings.rotation.root)
    }

    /// The root that is being replaced.
    pub(crate) fn old_root(&self) -> Option<CaKey> {
        self.settings.rotation.old_root.map(CaKey::root)
    }

    /// The CA that issues.
    pub(crate) fn issuing(&self) -> CaKey {
        CaKey::issuing(self.settings.rotation.issuing)
    }

    /// All keys that the CA has ever used, and whose certificates are here: roots first.
    pub(crate) fn keys(&self) -> Vec<CaKey> {
        let Rotation { root, issuing, .. } = self.settings.rotation;
        let keys = (1..=root).map(CaKey::root);
        keys.chain((1..=issuing).map(CaKey::issuing))
            .filter(|key| self.certificate_path(*key).exists())
            .collect()
    }

    /// The certificate of a root or an issuing CA, and those above it.
    ///
    /// While a root is being replaced, the chain goes through the cross-certificate to the old one, which everybody
    /// trusts: whoever trusts the new root needs no more than the first.
    ///
    /// # Errors
    ///
    /// If a file cannot be read.
    pub(crate) fn chain(&self, key: CaKey) -> Result<Vec<Certificate>> {
        let mut chain = self.certificates(key)?;
        if key.role == CaRole::Issuing {
            let mut above = self.above(chain.last())?;
            // An imported CA may be its own root.
            above.retain(|root| !chain.contains(root));
            chain.extend(above);
        }
        Ok(chain)
    }

    fn above(&self, issuing: Option<&Certificate>) -> Result<Vec<Certificate>> {
        let is_above = |root: &Certificate| issuing.is_some_and(|it| it.names_issuer(root));
        let root = self.certificates(self.root())?;
        let Some(old) = self.old_root() else {
            return Ok(root);
        };
        let mut above = match root.iter().any(is_above) {
            true => vec![self.cross_certificate()?],
            false => Vec::new(),
        };
        above.extend(self.certificates(old)?);
        Ok(above)
    }

    /// What others have to trust: the new root and the old one, while that is being replaced.
    ///
    /// # Errors
    ///
    /// If a file cannot be read.
    pub(crate) fn roots(&self) -> Result<Vec<Certificate>> {
        let mut roots = self.certificates(self.root())?;
        if let Some(old) = self.old_root() {
            roots.extend(self.certificates(old)?);
        }
        Ok(roots)
    }

    /// The certificates in the file of a key: its own, alone in most cases.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub(crate) fn certificates(&self, key: CaKey) -> Result<Vec<Certificate>> {
        certificates_of(&self.certificate_path(key))
    }

    /// The certificate of a key.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub(crate) fn certificate(&self, key: CaKey) -> Result<Certificate> {
        certificate_of(&self.certificate_path(key))
    }

    /// The new root, certified by the old one.
    fn cross_certificate(&self) -> Result<Certificate> {
        certificate_of(&self.cross_path(self.root()))
    }

    pub(crate) fn certificate_path(&self, key: CaKey) -> PathBuf {
        self.path.join(format!("{}.crt", key.name()))
    }

    /// The file of a root that the one before it has certified.
    pub(crate) fn cross_path(&self, root: CaKey) -> PathBuf {
        self.path.join(format!("cross-{}.crt", root.number))
    }

    /// The file of the root before it, certified by this one.
    pub(crate) fn cross_back_path(&self, root: CaKey) -> PathBuf {
        self.path.join(format!("cross-{}-back.crt", root.number))
    }

    /// Waits until nobody else changes the CA's keys.
    ///
    /// # Errors
    ///
    /// If the directory cannot be written.
    pub(crate) fn lock(&self) -> Result<fs::File> {
        lock(&self.path)
    }

    /// The key of that number: the one that an interrupted rotation has left, or a new one.
    ///
    /// # Errors
    ///
    /// If it cannot be written, or was encrypted with another passphrase.
    pub(super) fn next_key(
        &self,
        key: CaKey,
        kind: KeyKind,
        secrets: &Secrets,
    ) -> Result<Arc<dyn Signer>> {
        let path = match self.key_place(key) {
            KeyPlace::Token(uri) => return uri.open_or_make(kind, secrets),
            KeyPlace::Transit(place) => return place.open_or_make(kind),
            KeyPlace::File(path) => path,
        };
        let passphrase = secrets.passphrase(self.settings.name.as_str())?;
        if path.exists() {
            return Ok(read_key(&path, &passphrase)?);
        }
        let new = waiting("making a key", || KeyPair::generate(kind))?;
        write_key(&path, &new, &passphrase)?;
        Ok(Arc::new(new))
    }

    /// Uses other keys from now on: the one step by which a rotation takes place.
    ///
    /// # Errors
    ///
    /// If `ca.toml` cannot be written; then it is as it was.
    pub(crate) fn switch(&mut self, rotation: Rotation) -> Result<()> {
        let file = self.path.join(SETTINGS);
        let text = read(&file)?;
        let text = str::from_utf8(&text).with_context(|| format!("cannot use {}", file.display()));
        let text = rotation.write_into(text?)?;
        let settings = Settings::read(&text)
            .with_context(|| format!("cannot write what is new into {}", file.display()))?;
        write_public(&file, text.as_bytes())?;
        self.settings = settings;
        Ok(())
    }

    /// What `ca.toml` says now, which another process may have changed.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub(crate) fn again(&self) -> Result<Self> {
        Self::open(self.path.clone())
    }

    /// Whether profiles can go on with another issuing CA, whose CRLs are at `crl_url`.
    ///
    /// # Errors
    ///
    /// If one of them names the CRLs of the present one.
    pub(crate) fn check_profiles(&self, next: CaKey, crl_url: &str) -> Result<()> {
        let directory = self.path.join(PROFILES);
        for name in self.profile_names()? {
            let urls = profiles::load(&directory, &name, &self.settings.public_name(next))?;
            let urls = urls.crl_distribution_points;
            if !urls.is_empty() && urls.iter().all(|url| url != crl_url) {
                bail!(
                    "profiles/{name}.toml names the CRLs of the present issuing CA alone: write {} in place of `{}` in \
                     its URLs",
                    profiles::ISSUER,
                    self.settings.public_name(self.issuing())
                );
            }
        }
        Ok(())
    }

    /// Decrypts a key, or opens it in its token. It blocks.
    ///
    /// # Errors
    ///
    /// If passphrase or PIN are wrong, or the key is not here.
    pub(super) fn unlock(&self, key: CaKey, secrets: &Secrets) -> Result<Arc<dyn Signer>> {
        let path = match self.key_place(key) {
            KeyPlace::Token(uri) => return uri.open(secrets),
            KeyPlace::Transit(place) => return place.open(),
            KeyPlace::File(path) => path,
        };
        if !path.exists() {
            bail!(
                "the {} key of the CA `{}` is not here: {} is missing",
                key.name(),
                self.settings.name.as_str(),
                path.display()
            );
        }
        let passphrase = secrets.passphrase(self.settings.name.as_str())?;
        Ok(read_key(&path, &passphrase)?)
    }

    /// A root or an issuing CA with its key, ready to sign.
    ///
    /// # Errors
    ///
    /// If key and certificate do not belong together.
    pub(super) fn authority(&self, key: CaKey, signer: Arc<dyn Signer>) -> Result<Authority> {
        Authority::new(self.chain(key)?, signer)
            .with_context(|| format!("cannot use the CA's key {}", self.key_place(key)))
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

    /// Where a key is.
    pub(crate) fn key_place(&self, key: CaKey) -> KeyPlace {
        if let Some(uri) = self.settings.key_uri(key) {
            return KeyPlace::Token(uri);
        }
        let transit = self.settings.transit.as_ref();
        match transit.and_then(|keys| keys.place(key)) {
            Some(place) => KeyPlace::Transit(place),
            None => KeyPlace::File(key_path(&self.path, key)),
        }
    }

    /// What may be issued by that name: `profiles/NAME.toml`.
    ///
    /// # Errors
    ///
    /// If there is no such profile, or it says what no profile says.
    pub(crate) fn profile(&self, name: &str) -> Result<Profile> {
        let issuer = self.settings.public_name(self.issuing());
        profiles::load(&self.path.join(PROFILES), name, &issuer)
    }

    /// The same, and how its certificates are given out, and what a device has to do for one.
    ///
    /// # Errors
    ///
    /// As [`profile`](Self::profile).
    pub(crate) fn enrollment_profile(&self, name: &str) -> Result<EnrollProfile> {
        let issuer = self.settings.public_name(self.issuing());
        profiles::load_for_enrollment(&self.path.join(PROFILES), name, &issuer)
    }

    /// The names of all profiles, sorted.
    ///
    /// # Errors
    ///
    /// If their directory cannot be read.
    pub(crate) fn profile_names(&self) -> Result<Vec<String>> {
        let directory = self.path.join(PROFILES);
        profiles::names(&directory).with_context(|| format!("cannot read {}", directory.display()))
    }
}

/// Where a key of a CA lies.
pub(crate) fn key_path(ca: &Path, key: CaKey) -> PathBuf {
    ca.join(KEYS).join(format!("{}.key", key.name()))
}

pub(super) const SETTINGS: &str = "ca.toml";
pub(super) const KEYS: &str = "keys";
pub(super) const PROFILES: &str = "profiles";
