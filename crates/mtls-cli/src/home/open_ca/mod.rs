//! A CA with its store.

mod rotated;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use pki_core::{Authority, KeyKind, Signer};
use pki_store::{
    Actor, CertificateAuthority, Checkpoint, CheckpointPlace, ClockState, Issuer, Store,
    StoreError, StoreOptions, StoreUrl,
};
use time::OffsetDateTime;
use tokio::task::block_in_place;

use super::ca::CaDirectory;
use super::directory::Home;
use super::keys::{CaKey, CaRole, Secrets, UnlockedKeys};
use super::signers::CheckpointSigners;
use super::upstream::Upstream;
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
    /// If there is none, its store is lost or cannot be used, or the store is older than its last checkpoint or its issuing
    /// CA.
    pub(crate) async fn open(global: &Global) -> Result<Self> {
        Self::open_at(global, None).await
    }

    /// The same with another store than `ca.toml` names.
    pub(crate) async fn open_at(global: &Global, store: Option<StoreUrl>) -> Result<Self> {
        let ca = Self::open_unchecked(global, store).await?;
        match ca.newest_checkpoint().await? {
            Some(newest) => {
                let checked = ca.store.check_age(&newest).await;
                checked.with_context(|| {
                    format!(
                        "the CA `{}` cannot be used: what was revoked since a backup would be good again; \
                         `mtls audit acknowledge --help` says how to go on",
                        ca.name()
                    )
                })?;
            }
            None => ca.warn_of_lost_checkpoints().await?,
        }
        ca.knows(&[ca.directory.issuing()]).await?;
        Ok(ca)
    }

    /// The CA for a command that only reads: while no database can be written, as during a failover, what a standby knows
    /// is better than nothing.
    pub(crate) async fn open_to_look(global: &Global) -> Result<Self> {
        let opened = Self::open(global).await;
        Self::or_what_a_standby_knows(opened, global).await
    }

    /// The same, however old the store is; and with the one at `store`, only what can be read there.
    pub(crate) async fn open_unchecked_to_look(
        global: &Global,
        store: Option<StoreUrl>,
    ) -> Result<Self> {
        if store.is_some() {
            return Self::open_to_read(global, store).await;
        }
        let opened = Self::open_unchecked(global, None).await;
        Self::or_what_a_standby_knows(opened, global).await
    }

    async fn or_what_a_standby_knows(opened: Result<Self>, global: &Global) -> Result<Self> {
        let error = match opened {
            Ok(ca) => return Ok(ca),
            Err(error) => error,
        };
        let is_gone = error.chain().any(|cause| {
            let cause = cause.downcast_ref::<StoreError>();
            matches!(cause, Some(StoreError::Unavailable(_)))
        });
        if !is_gone {
            return Err(error);
        }
        let Ok(ca) = Self::open_to_read(global, None).await else {
            return Err(error);
        };
        note("warning: no primary database can be reached; this is what a standby knows");
        Ok(ca)
    }

    /// The CA with a store that is not changed, such as one on a standby.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), but that a store may be behind the last checkpoint, which is a warning.
    pub(crate) async fn open_to_read(global: &Global, store: Option<StoreUrl>) -> Result<Self> {
        let ca = Self::open_with(global, store, StoreOptions::read_only).await?;
        if let Some(newest) = ca.newest_checkpoint().await?
            && let Err(error) = has_reached(&ca.store, &newest).await
        {
            note(format!(
                "warning: {error}; on a standby it may only be behind"
            ));
        }
        Ok(ca)
    }

    /// The same, however old the store is.
    pub(crate) async fn open_unchecked(global: &Global, store: Option<StoreUrl>) -> Result<Self> {
        Self::open_with(global, store, |options| options).await
    }

    async fn open_with(
        global: &Global,
        store: Option<StoreUrl>,
        set: impl FnOnce(StoreOptions) -> StoreOptions,
    ) -> Result<Self> {
        let directory = Home::of(global)?.ca(global.ca.as_deref())?;
        let url = store.map_or_else(|| store_url(&directory), Ok)?;
        let options = set(StoreOptions::new(url.clone()).existing());
        let store = options.open().await;
        let store = store.map_err(|error| {
            let lost = matches!(error, StoreError::Missing { .. });
            let what = match lost {
                true => lost_store(&url),
                false => format!("cannot use the store {url}"),
            };
            anyhow::Error::from(error).context(what)
        })?;
        let ca = Self {
            directory,
            store,
            secrets: Arc::new(Secrets::of(global)),
            unlocked: UnlockedKeys::default(),
        };
        // A backup, and a standby, may be older than the last rotation.
        ca.knows(&ca.directory.keys()).await?;
        Ok(ca)
    }

    /// Checks that the store has one of these keys as an issuer of this CA: it is neither another one's nor empty.
    async fn knows(&self, keys: &[CaKey]) -> Result<()> {
        let issuers = self.issuers().await?;
        for key in keys {
            let certificate = self.directory.certificate(*key)?;
            if issuers.iter().any(|it| *it.certificate() == certificate) {
                return Ok(());
            }
        }
        let (name, url) = (self.name(), self.store.url());
        let files: Vec<_> = keys
            .iter()
            .map(|key| format!("{}.crt", key.name()))
            .collect();
        let error = anyhow!(
            "the store {url} has no issuer `{name}` with the certificate in {}",
            files.join(" or ")
        );
        Err(error.context(lost_store(url)))
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

    /// A root or an issuing CA, ready to sign, unless the clock of this machine is wrong.
    ///
    /// # Errors
    ///
    /// If passphrase or PIN are wrong, or the key is not here.
    pub(crate) async fn authority(&self, key: CaKey) -> Result<CertificateAuthority> {
        self.compare_clocks().await?;
        if let Some(upstream) = &self.directory.settings().upstream {
            return self.by_upstream(upstream, key).await;
        }
        let signer = self.signer(key)?;
        let authority = self.directory.authority(key, signer.clone())?;
        self.unlocked.keep(key, signer);
        let subject = authority.certificate().subject().to_string();
        CertificateAuthority::new(authority, self.store.clone())
            .await
            .with_context(|| format!("the CA `{subject}` cannot issue"))
    }

    fn signer(&self, key: CaKey) -> Result<Arc<dyn Signer>> {
        match self.unlocked.get(key) {
            Some(signer) => Ok(signer),
            // A token takes its time, and so does whoever types a passphrase.
            None => block_in_place(|| self.directory.unlock(key, &self.secrets)),
        }
    }

    /// Goes on with a store that is older than this checkpoint, and signs that with the key of the checkpoint.
    ///
    /// # Errors
    ///
    /// If the key is not here or the passphrase is wrong, or the acknowledgement cannot be kept.
    pub(crate) async fn acknowledge_restore(&self, newest: &Checkpoint) -> Result<()> {
        let mut signer = None;
        for key in self.directory.keys() {
            let certificate = self.directory.certificate(key)?;
            if newest.is_by(certificate.spki_der()).is_ok() {
                signer = Some(self.signer(key)?);
                break;
            }
        }
        let signer = signer.context("the key that has signed the last checkpoint is not here")?;
        let place = self.directory.checkpoints()?;
        let (by, now) = (actor(), OffsetDateTime::now_utc());
        self.store
            .acknowledge_restore(newest, signer, Some(&place), &by, now)
            .await?;
        Ok(())
    }

    /// Finds out whether the clock is that of the processes that serve the same store, where they may be on other machines.
    /// Of one that is wrong the store knows from then on, and lets nothing be issued.
    async fn compare_clocks(&self) -> Result<()> {
        let is_shared = matches!(self.store.url(), StoreUrl::Postgres(_));
        if !is_shared || self.store.clock_state() != ClockState::Unknown {
            return Ok(());
        }
        let mut state = self.store.compare_clock(OffsetDateTime::now_utc()).await?;
        if state == ClockState::Comparing {
            note("comparing the clock with those of the processes that serve, for up to 10 s");
        }
        while state == ClockState::Comparing {
            tokio::time::sleep(BETWEEN_LOOKS).await;
            state = self.store.compare_clock(OffsetDateTime::now_utc()).await?;
        }
        Ok(())
    }

    /// The CA whose certificates `upstream` makes.
    async fn by_upstream(&self, upstream: &Upstream, key: CaKey) -> Result<CertificateAuthority> {
        if key.role != CaRole::Issuing {
            bail!("the root of the CA `{}` is somebody else's", self.name());
        }
        let upstream = upstream.connect()?;
        let authority = Authority::without_key(self.directory.chain(key)?)?;
        Ok(CertificateAuthority::with_upstream(authority, upstream, self.store.clone()).await?)
    }

    /// What signs in place of the CA: it has no keys then.
    pub(crate) fn has_upstream(&self) -> bool {
        self.directory.settings().upstream.is_some()
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

    /// Says so where the second place has no checkpoint, and this CA has signed one: nothing outside of the store tells
    /// then whether the log is whole.
    ///
    /// # Errors
    ///
    /// If the store cannot be read.
    pub(crate) async fn warn_of_lost_checkpoints(&self) -> Result<()> {
        let place = self.directory.checkpoints()?;
        // It cannot be asked.
        if matches!(place, CheckpointPlace::Exec(_)) {
            return Ok(());
        }
        let mut signers = self.checkpoint_signers();
        // Those of other CAs may be in the same store.
        let kept = self.store.newest_checkpoints(LOOKED_THROUGH).await?;
        let own = kept.iter().find(|it| signers.check(it).is_ok());
        if let Some(own) = own {
            note(format!(
                "warning: there is no checkpoint in {place}, and this CA has signed one of row {}: unless this is another \
                 machine, somebody has removed, emptied or moved them. Until the next one, nothing outside of the store \
                 tells whether the audit log is whole",
                own.head().seq
            ));
        }
        Ok(())
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

    /// The same, unless the last checkpoint is of that row already.
    pub(crate) async fn checkpoint_of_news(&self) {
        let kept = self.store.newest_checkpoints(1).await;
        let kept = kept.ok().and_then(|kept| Some(kept.first()?.head()));
        // What is wrong with the store is told by whoever needs it.
        if kept.is_none() || kept != self.store.audit_head().await.ok() {
            self.checkpoint().await;
        }
    }

    /// Signs where the audit log ends now, if that takes nobody to type a passphrase or a PIN. `false` if it does.
    pub(crate) async fn checkpoint_unasked(&self) -> bool {
        // Without a key of its own no CA signs checkpoints, and there is nothing to wait for.
        if self.has_upstream() {
            return true;
        }
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
        let known = error
            .chain()
            .any(|cause| cause.is::<pki_store::IssueError>() || cause.is::<StoreError>());
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

/// What to do where the CA's certificates are here, and its store does not know them.
fn lost_store(url: &StoreUrl) -> String {
    format!(
        "the store {url} is lost, another CA's, or from before a rotation, and does not know what was revoked: correct its \
         address, or restore it from the last backup; `mtls audit acknowledge --help` says how to go on then"
    )
}

/// A standby is behind by moments: what was done just now, with a checkpoint of it, is waited for.
async fn has_reached(store: &Store, newest: &Checkpoint) -> Result<(), StoreError> {
    let begun = Instant::now();
    loop {
        match store.check_age(newest).await {
            Err(StoreError::Older { .. }) if begun.elapsed() < CATCHING_UP => {
                tokio::time::sleep(CATCHING_UP / 50).await;
            }
            judged => return judged,
        }
    }
}

/// As long as a standby may take that is not behind for a reason.
const CATCHING_UP: Duration = Duration::from_secs(5);

/// As often as processes say what time it is.
const BETWEEN_LOOKS: Duration = Duration::from_secs(2);

/// The store that `ca.toml` names; a path in it is relative to the CA's directory.
pub(crate) fn store_url(directory: &CaDirectory) -> Result<StoreUrl> {
    let text = &directory.settings().store;
    Ok(match text.parse()? {
        StoreUrl::Sqlite(path) => StoreUrl::Sqlite(directory.path().join(path)),
        other => other,
    })
}

/// Checkpoints of the store among which one of this CA is looked for.
const LOOKED_THROUGH: u32 = 64;

/// Who is at the keyboard, for the audit log.
pub(crate) fn actor() -> Actor {
    let name = std::env::var("USER").unwrap_or_default();
    // The name is what the environment says; the number is the system's.
    #[cfg(unix)]
    let name = format!("{name} (uid {})", rustix::process::getuid().as_raw());
    Actor::new(format!("cli:{}", name.trim_start()))
}
