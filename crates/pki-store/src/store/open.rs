//! Opening a store.

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::readers::Readers;
use super::{Shared, Store};
use crate::commit::{Hook, Writer};
use crate::database::{Session, SqliteSession, at_once, migrate};
use crate::{StoreError, StoreUrl};

/// How a store is opened.
#[derive(Clone)]
pub struct StoreOptions {
    url: StoreUrl,
    busy: Duration,
    lease: Duration,
    hook: Option<Hook>,
}

impl StoreOptions {
    /// The store at this address, with the defaults.
    #[must_use]
    pub fn new(url: StoreUrl) -> Self {
        Self {
            url,
            busy: Duration::from_secs(10),
            lease: Duration::from_secs(60),
            hook: None,
        }
    }

    /// How long to wait while another process writes: 10 s by default.
    #[must_use]
    pub fn lock_timeout(mut self, timeout: Duration) -> Self {
        self.busy = timeout;
        self
    }

    /// How long signing may take: 60 s by default. A reservation that is older belongs to a process that has ended; see
    /// [`Store::recover`].
    #[must_use]
    pub fn signing_timeout(mut self, timeout: Duration) -> Self {
        self.lease = timeout;
        self
    }

    /// Has `hook` called at each step, by its name, so that a test can end the process there.
    #[doc(hidden)]
    #[must_use]
    pub fn on_step(mut self, hook: impl Fn(&'static str) + Send + Sync + 'static) -> Self {
        self.hook = Some(Arc::new(hook));
        self
    }

    /// Opens the store. A file is made if there is none, for its owner alone, and an older schema is brought up to date.
    ///
    /// # Errors
    ///
    /// [`StoreError::Foreign`], [`StoreError::Corrupt`] and [`StoreError::Newer`] for what is not a store of this version,
    /// [`StoreError::Open`] or [`StoreError::Unavailable`] if it cannot be reached.
    pub async fn open(self) -> Result<Store, StoreError> {
        let StoreUrl::Sqlite(path) = &self.url else {
            return Err(StoreError::Refused(
                "PostgreSQL is not supported yet".into(),
            ));
        };
        let (path, busy) = (path.clone(), self.busy);
        let opened = tokio::task::spawn_blocking(move || {
            let mut session = Session::Sqlite(SqliteSession::open(&path, busy)?);
            at_once(migrate(&mut session, *Uuid::new_v4().as_bytes()))?;
            let row = at_once(session.first("SELECT id FROM store", vec![]))?;
            let id = row.ok_or(StoreError::Closed)?.array(0)?;
            Ok::<_, StoreError>((session, id))
        });
        let (session, id) = opened.await.map_err(|_| StoreError::Closed)??;
        let StoreUrl::Sqlite(path) = &self.url else {
            return Err(StoreError::Closed);
        };
        Ok(Store(Arc::new(Shared {
            readers: Readers::new(path.clone(), self.busy),
            url: self.url,
            id,
            holder: *Uuid::new_v4().as_bytes(),
            writer: Writer::start(session, self.hook.clone())?,
            lease: self.lease,
            hook: self.hook,
        })))
    }
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
