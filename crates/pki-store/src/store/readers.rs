//! Connections that read.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;

use super::Store;
use crate::StoreError;
use crate::database::{Patience, Session, Target, at_once};

/// Connections that nobody uses at the moment.
pub(super) struct Readers {
    target: Target,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<Session>>,
}

/// What is done with a connection.
pub(super) type Reading<'s, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 's>>;

impl Readers {
    pub(super) fn new(target: Target) -> Self {
        Self {
            target,
            permits: Arc::new(Semaphore::new(READERS)),
            idle: Mutex::new(Vec::new()),
        }
    }

    /// Reads again for a while if the server is gone, as the writer writes again.
    async fn read_patiently<T>(
        &self,
        reading: impl for<'s> Fn(&'s mut Session) -> Reading<'s, T>,
    ) -> Result<T, StoreError> {
        let mut patience = Patience::new();
        loop {
            match self.read(&reading).await {
                Err(StoreError::Unavailable(_)) if patience.wait().await => {}
                read => return read,
            }
        }
    }

    /// Reads with a connection that is at hand, and with a new one if that turns out to be dead.
    async fn read<T>(
        &self,
        reading: impl for<'s> Fn(&'s mut Session) -> Reading<'s, T>,
    ) -> Result<T, StoreError> {
        let idle = self.idle().pop();
        if let Some(mut session) = idle {
            match reading(&mut session).await {
                // The others are no better: the server was restarted, or another one leads.
                Err(StoreError::Unavailable(_)) => self.idle().clear(),
                read => return self.done(session, read),
            }
        }
        let mut session = self.target.connect().await?;
        let read = reading(&mut session).await;
        self.done(session, read)
    }

    /// A session may be in the middle of a transaction after an error.
    fn done<T>(&self, session: Session, read: Result<T, StoreError>) -> Result<T, StoreError> {
        if read.is_ok() {
            self.idle().push(session);
        }
        read
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Session>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    /// Reads, off the runtime's threads where that blocks.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        reading: impl for<'s> Fn(&'s mut Session) -> Reading<'s, T> + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        let shared = self.0.clone();
        let permit = shared.readers.permits.clone().acquire_owned().await;
        let permit = permit.map_err(|_| StoreError::Closed)?;
        if !shared.readers.target.blocks() {
            return shared.readers.read_patiently(reading).await;
        }
        // The permit goes with the thread, even if nobody waits any more.
        let read = tokio::task::spawn_blocking(move || {
            let read = at_once(shared.readers.read(reading));
            drop(permit);
            read
        });
        read.await.map_err(|_| StoreError::Closed)?
    }
}

/// Connections that read at the same time.
const READERS: usize = 8;
