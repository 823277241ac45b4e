//! Connections that read.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::StoreError;
use crate::database::{Patience, Session, Target};

/// Connections that nobody uses at the moment.
pub(super) struct Readers {
    target: Target,
    pub(super) permits: Arc<Semaphore>,
    idle: Mutex<Vec<Idle>>,
    patience: Duration,
}

/// A connection, and how often the server had been lost when it was made.
struct Idle {
    session: Session,
    losses: u64,
}

/// What is done with a connection.
pub(super) type Reading<'s, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 's>>;

impl Readers {
    pub(super) fn new(target: Target, patience: Duration) -> Self {
        Self {
            target,
            permits: Arc::new(Semaphore::new(READERS)),
            idle: Mutex::new(Vec::new()),
            patience: patience.min(LONGEST),
        }
    }

    pub(super) fn target(&self) -> &Target {
        &self.target
    }

    /// Reads again for a while if the server is gone, as the writer writes again.
    pub(super) async fn read_patiently<T>(
        &self,
        reading: impl for<'s> Fn(&'s mut Session) -> Reading<'s, T>,
    ) -> Result<T, StoreError> {
        let mut patience = Patience::new(self.patience);
        loop {
            match self.read(&reading).await {
                Err(StoreError::Unavailable(_)) if patience.wait().await => {}
                read => return read,
            }
        }
    }

    /// Reads with a connection that is at hand, and with a new one if that turns out to be dead.
    pub(super) async fn read<T>(
        &self,
        reading: impl for<'s> Fn(&'s mut Session) -> Reading<'s, T>,
    ) -> Result<T, StoreError> {
        if let Some(mut idle) = self.take() {
            match reading(&mut idle.session).await {
                // The others are no better: the server was restarted, or another one leads.
                Err(StoreError::Unavailable(_)) => self.target.lost(),
                read => return self.done(idle, read),
            }
        }
        let mut fresh = Idle {
            losses: self.target.losses(),
            session: self.target.connect().await?,
        };
        let read = reading(&mut fresh.session).await;
        self.done(fresh, read)
    }

    /// A connection to the server as it is now, if one is at hand. One to a server that was lost since may lead to a
    /// former primary, which goes on answering what it knew.
    fn take(&self) -> Option<Idle> {
        let losses = self.target.losses();
        let mut idle = self.idle();
        idle.retain(|idle| idle.losses == losses);
        idle.pop()
    }

    /// A session may be in the middle of a transaction after an error.
    fn done<T>(&self, used: Idle, read: Result<T, StoreError>) -> Result<T, StoreError> {
        if read.is_ok() {
            self.idle().push(used);
        }
        read
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long a reader waits for a server that is gone. Who writes has more patience.
const LONGEST: Duration = Duration::from_secs(30);

/// Connections that read at the same time.
const READERS: usize = 8;
