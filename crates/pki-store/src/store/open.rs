//! Opening a store.

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::processes::{Leases, SharedPeers};
use super::readers::Readers;
use super::{SchemaVersions, Shared, Store};
use crate::audit::CheckpointPlace;
use crate::commit::{Hook, Writer};
use crate::database::{Access, Schema, Session, Target, at_once, check, migrate};
use crate::{StoreError, StoreUrl};

/// How a store is opened.
#[derive(Clone)]
pub struct StoreOptions {
    url: StoreUrl,
    access: Access,
    busy: Duration,
    lease: Duration,
    patience: Duration,
    checkpoints: Option<(CheckpointPlace, Vec<u8>)>,
    hook: Option<Hook>,
}

impl StoreOptions {
    /// The store at this address, with the defaults.
    #[must_use]
    pub fn new(url: StoreUrl) -> Self {
        Self {
            url,
            access: Access::Create,
            busy: Duration::from_secs(10),
            lease: Duration::from_secs(30),
            patience: Duration::from_secs(75),
            checkpoints: None,
            hook: None,
        }
    }

    /// Only reads it, and changes nothing: not even an older schema. A standby of PostgreSQL is good for that, and of
    /// several servers in the URL the first one that answers. What would change the store is refused with
    /// [`StoreError::ReadOnly`]. Not so by default.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.access = Access::Read;
        self
    }

    /// Opens what is there already, and makes no store: where one was lost, or its address is wrong, an empty one would
    /// know nothing of what was revoked. Not so by default.
    #[must_use]
    pub fn existing(mut self) -> Self {
        self.access = Access::Write;
        self
    }

    /// How long to try again while PostgreSQL is gone: 75 s by default, more than twice what Patroni takes at most to
    /// notice that a primary has died (`ttl`, 30 s). Nothing is answered meanwhile. Who reads waits for 30 s at most.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// How long to wait while another process writes: 10 s by default.
    #[must_use]
    pub fn lock_timeout(mut self, timeout: Duration) -> Self {
        self.busy = timeout;
        self
    }

    /// How long signing may take: 30 s by default. A reservation that is older belongs to a process that has ended; see
    /// [`Store::recover`].
    #[must_use]
    pub fn signing_timeout(mut self, timeout: Duration) -> Self {
        self.lease = timeout;
        self
    }

    /// Refuses to open a store that is older than the last checkpoint in this place, which has to be signed by this key
    /// (`SubjectPublicKeyInfo` DER): see [`Store::check_age`]. Whoever knows that it was restored from a backup opens it
    /// without this setting, and calls [`Store::acknowledge_restore`]. Not set by default.
    #[must_use]
    pub fn checkpoints(mut self, place: CheckpointPlace, public_key_der: Vec<u8>) -> Self {
        self.checkpoints = Some((place, public_key_der));
        self
    }

    /// Has `hook` called at each step, by its name, so that a test can end the process there.
    #[doc(hidden)]
    #[must_use]
    pub fn on_step(mut self, hook: impl Fn(&'static str) + Send + Sync + 'static) -> Self {
        self.hook = Some(Arc::new(hook));
        self
    }

    /// Opens the store. Unless it is only [read](Self::read_only), an older schema is brought up to date; unless it has to
    /// be [there](Self::existing), a file is made if there is none, for its owner alone.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`] where there is none and none is to be made,
    /// [`StoreError::Foreign`], [`StoreError::Corrupt`] and [`StoreError::Newer`] for what is not a store of this version,
    /// [`StoreError::NotMigrated`] for an older one that is only read, [`StoreError::Open`] or [`StoreError::Unavailable`] if it cannot be reached, [`StoreError::Older`] if it is older than
    /// the last of [`checkpoints`](Self::checkpoints).
    pub async fn open(self) -> Result<Store, StoreError> {
        let target = Target::new(&self.url, self.access, self.busy)?;
        let (session, id, found) = if target.blocks() {
            let target = target.clone();
            let opened = tokio::task::spawn_blocking(move || at_once(ready(&target)));
            opened.await.map_err(|_| StoreError::Closed)??
        } else {
            ready(&target).await?
        };
        let target = target.made();
        let store = Store(Arc::new(Shared {
            readers: Readers::new(target.clone(), self.patience),
            leases: Leases::default(),
            peers: SharedPeers::default(),
            url: self.url,
            id,
            schema: SchemaVersions {
                found: found.version,
                known: Schema::known().version,
            },
            holder: *Uuid::new_v4().as_bytes(),
            writer: Writer::start(session, target, self.patience, self.hook.clone())?,
            lease: self.lease,
            hook: self.hook,
        }));
        if let Some((place, key)) = self.checkpoints {
            check_age(&store, place, &key).await?;
        }
        Ok(store)
    }
}

async fn check_age(store: &Store, place: CheckpointPlace, key: &[u8]) -> Result<(), StoreError> {
    let name = place.to_string();
    let newest = tokio::task::spawn_blocking(move || place.newest());
    let newest = newest.await.map_err(|_| StoreError::Closed)?;
    let newest = newest.map_err(|error| StoreError::Checkpoints {
        place: name.clone(),
        source: Arc::new(error),
    })?;
    let Some(newest) = newest else { return Ok(()) };
    newest.is_by(key).map_err(|error| StoreError::Checkpoints {
        place: name,
        source: Arc::new(error),
    })?;
    store.check_age(&newest).await
}

/// A connection to a store with the present schema, the store's number, and the schema that was found.
async fn ready(target: &Target) -> Result<(Session, [u8; 16], Schema), StoreError> {
    let mut session = target.connect().await?;
    let found = match target.is_read_only() {
        true => check(&mut session).await?,
        false => {
            let new_id = *Uuid::new_v4().as_bytes();
            migrate(&mut session, target.may_be_made().then_some(new_id)).await?
        }
    };
    let id = session.store_row("id").await?.array(0)?;
    Ok((session, id, found))
}

impl Store {
    /// Opens the store at `url` with the defaults of [`StoreOptions`].
    ///
    /// # Errors
    ///
    /// Those of [`StoreOptions::open`].
    pub async fn open(url: &StoreUrl) -> Result<Self, StoreError> {
        StoreOptions::new(url.clone()).open().await
    }
}
