//! Connections that read.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;

use super::Store;
use crate::StoreError;
use crate::database::{Session, SqliteSession, at_once};

/// Connections that nobody uses at the moment.
pub(super) struct Readers {
    path: PathBuf,
    busy: Duration,
    permits: Semaphore,
    idle: Mutex<Vec<Session>>,
}

/// What is done with a connection.
pub(super) type Reading<'s, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 's>>;

impl Readers {
    pub(super) fn new(path: PathBuf, busy: Duration) -> Self {
        Self {
            path,
            busy,
            permits: Semaphore::new(READERS),
            idle: Mutex::new(Vec::new()),
        }
    }

    fn take(&self) -> Result<Session, StoreError> {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        match idle {
            Some(session) => Ok(session),
            None => Ok(Session::Sqlite(SqliteSession::open(&self.path, self.busy)?)),
        }
    }

    fn put_back(&self, session: Session) {
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(session);
    }
}

impl Store {
    /// Reads, off the runtime's threads where that blocks.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        reading: impl for<'s> FnOnce(&'s mut Session) -> Reading<'s, T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let readers = &self.0.readers;
        let _permit = readers
            .permits
            .acquire()
            .await
            .map_err(|_| StoreError::Closed)?;
        let shared = self.0.clone();
        let read = tokio::task::spawn_blocking(move || {
            let mut session = shared.readers.take()?;
            let read = at_once(reading(&mut session));
            if read.is_ok() {
                shared.readers.put_back(session);
            }
            read
        });
        read.await.map_err(|_| StoreError::Closed)?
    }
}

/// Connections that read at the same time.
const READERS: usize = 8;
