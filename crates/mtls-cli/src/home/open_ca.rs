//! A CA with its store.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use pki_core::{KeyKind, Signer};
use pki_store::{Actor, CertificateAuthority, Checkpoint, Issuer, Store, StoreUrl};
use time::OffsetDateTime;
use tokio::task::block_in_place;

use super::ca::CaDirectory;
use super::directory::Home;
use super::keys::{CaKey, Secrets, UnlockedKeys};
use super::signers::CheckpointSigners;
use crate::global::Global;
use crate::output::note;

/// A CA whose store is open.
pub(crate) struct OpenCa {
    pub(super) directory: CaDirectory,
    pub(super) store: Store,
    pub(super) secrets: Arc<Secrets>,
    pub(super) unlocked: UnlockedKeys,
}

impl OpenCa {
    /// The CA that `--ca` names, or the only one.
    ///
    /// # Errors
    ///
    /// If there is none, its store cannot be used, or the store is older than its last checkpoint.
    pub(crate) async fn open(global: &Global) -> Result<Self> {
        Self::open_at(global, None).await
    }

    /// The same with another store than `ca.toml` names.
    pub(crate) async fn open_at(global: &Global, store: Option<StoreUrl>) -> Result<Self> {
        let ca = Self::open_unchecked(global, store).await?;
        if let Some(newest) = ca.newest_checkpoint().await? {
            let checked = ca.store.check_age(&newest).await;
            checked.with_context(|| {
                format!(
                    "the CA `{}` cannot be used: what was revoked since a backup would be good again; \
                     `mtls audit acknowledge --help` says how to go on",
                    ca.name()
                )
            })?;
        }
        Ok(ca)
    }

    /// The same, however old the store is.
    pub(crate) async fn open_unchecked(global: &Global, store: Option<StoreUrl>) -> Result<Self> {
        let directory = Home::of(global)?.ca(global.ca.as_deref())?;
        let url = store.map_or_else(|| store_url(&directory), Ok)?;
        let store = Store::open(&url)
            .await
            .with_context(|| format!("cannot use the store {url}"))?;
        Ok(Self {
            directory,
            store,
            secrets: Arc::new(Secrets::of(global)),
            unlocked: UnlockedKeys::default(),
        })
    }

    pub(crate) fn directory(&self) -> &CaDirectory {
        &self.directory
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) fn name(&self) -> &str {
        self.directory.settings().name.as_str()
    }

    /// The issuers of this CA; other CAs may share its store.
    pub(crate) async fn issuers(&self) -> Result<Vec<Issuer>> {
        let mut issuers = self.store.issuers().await?;
        issuers.retain(|issuer| issuer.ca == self.name());
        Ok(issuers)
    }

    /// The issuing CA that is in use, ready to sign.
    ///
    /// # Errors
    ///
    /// If the passphrase is wrong, or the key is not here.
    pub(crate) async fn issuing(&self) -> Result<CertificateAuthority> {
        self.authority(self.directory.issuing()).await
    }

    /// A root or an issuing CA, ready to sign.
    ///
    /// # Errors
    ///
    /// If passphrase or PIN are wrong, or the key is not here.
    pub(crate) async fn authority(&self, key: CaKey) -> Result<CertificateAuthority> {
        let signer = match self.unlocked.get(key) {
            Some(signer) => signer,
            // A token takes its time, and so does whoever types a passphrase.
            None => block_in_place(|| self.directory.unlock(key, &self.secrets))?,
        };
        let authority = self.directory.authority(key, signer.clone())?;
        self.unlocked.keep(key, signer);
        let subject = authority.certificate().subject().to_string();
        CertificateAuthority::new(authority, self.store.clone())
            .await
            .with_context(|| format!("the CA `{subject}` cannot issue"))
    }

    /// The key of that number: the one that an interrupted rotation has left, or a new one.
    ///
    /// # Errors
    ///
    /// If it cannot be written, or was encrypted with another passphrase.
    pub(crate) fn next_key(&self, key: CaKey, kind: KeyKind) -> Result<Arc<dyn Signer>> {
        let signer = block_in_place(|| self.directory.next_key(key, kind, &self.secrets))?;
        self.unlocked.keep(key, signer.clone());
        Ok(signer)
    }

    /// The last checkpoint that is kept outside of the store, signed by an issuer of this CA.
    ///
    /// # Errors
    ///
    /// If it was signed by somebody else, or its place cannot be read.
    pub(crate) async fn newest_checkpoint(&self) -> Result<Option<Checkpoint>> {
        let Some(newest) = self.directory.checkpoints()?.newest()? else {
            return Ok(None);
        };
        self.checkpoint_signers().check(&newest)?;
        Ok(Some(newest))
    }

    /// Who may have signed a checkpoint of this CA.
    pub(crate) fn checkpoint_signers(&self) -> CheckpointSigners<'_> {
        CheckpointSigners::of(&self.directory)
    }

    /// Signs where the audit log ends now, if the issuing CA's key was unlocked. What cannot be kept is a warning: what
    /// was done is done.
    async fn checkpoint(&self) {
        let Some(key) = self.unlocked.get(self.directory.issuing()) else {
            return;
        };
        let kept = async {
            let place = self.directory.checkpoints()?;
            let now = OffsetDateTime::now_utc();
            self.store.make_checkpoint(key, Some(&place), now).await?;
            anyhow::Ok(())
        };
        if let Err(error) = kept.await {
            note(format!(
                "warning: no checkpoint of the audit log was kept: {error:#}"
            ));
        }
    }

    /// Signs where the audit log ends now, if that takes nobody to type a passphrase or a PIN. `false` if it does.
    pub(crate) async fn checkpoint_unasked(&self) -> bool {
        let key = self.directory.issuing();
        if self.unlocked.get(key).is_none() {
            let place = self.directory.key_place(key);
            if !place.is_here() || !place.unlocks_unasked(&self.secrets) {
                return false;
            }
            if let Err(error) = self.authority(key).await {
                note(format!(
                    "warning: no checkpoint of the audit log was kept: {error:#}"
                ));
                return true;
            }
        }
        self.checkpoint().await;
        true
    }

    /// Keeps a checkpoint now and then, whenever the audit log has grown. Does not end.
    pub(crate) async fn keep_checkpoints(&self, period: Duration) {
        let mut last = 0;
        loop {
            tokio::time::sleep(period).await;
            // What is wrong with the store is told by whoever needs it.
            let Ok(head) = self.store.audit_head().await else {
                continue;
            };
            if head.seq != last {
                self.checkpoint().await;
                last = head.seq;
            }
        }
    }

    /// Passes on what was done, and writes into the audit log what was refused.
    ///
    /// # Errors
    ///
    /// The refusal itself, or that it cannot be recorded.
    pub(crate) async fn recorded<T>(&self, done: Result<T>, what: &str, name: &str) -> Result<T> {
        let error = match done {
            Ok(done) => {
                self.checkpoint().await;
                return Ok(done);
            }
            Err(error) => error,
        };
        // The store has written down what it or its CA refused; of its own failure it may know nothing.
        let known = error.chain().any(|cause| {
            cause.is::<pki_store::IssueError>() || cause.is::<pki_store::StoreError>()
        });
        if !known {
            let about = format!("{what} {name}");
            let reason = format!("{error:#}");
            let now = OffsetDateTime::now_utc();
            self.store
                .record_refusal(self.name(), about.trim(), &reason, &actor(), now)
                .await
                .with_context(|| format!("{reason}; this could not be recorded"))?;
        }
        Err(error)
    }
}

/// The store that `ca.toml` names; a path in it is relative to the CA's directory.
pub(crate) fn store_url(directory: &CaDirectory) -> Result<StoreUrl> {
    let text = &directory.settings().store;
    Ok(match text.parse()? {
        StoreUrl::Sqlite(path) => StoreUrl::Sqlite(directory.path().join(path)),
        other => other,
    })
}

/// Who is at the keyboard, for the audit log.
pub(crate) fn actor() -> Actor {
    let name = std::env::var("USER").unwrap_or_default();
    // The name is what the environment says; the number is the system's.
    #[cfg(unix)]
    let name = format!("{name} (uid {})", rustix::process::getuid().as_raw());
    Actor::new(format!("cli:{}", name.trim_start()))
}
