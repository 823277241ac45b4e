//! Following files: reading them again and again, and using their content once it is new and good.

use std::error::Error as StdError;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tls_identity::with_causes;
use tokio::sync::Mutex;
use tokio::task::{JoinError, JoinHandle};

use crate::config::active::ActiveConfiguration;

/// Files that something is read from.
pub(crate) trait Followed: Send + Sync + 'static {
    type Content: Send + 'static;
    type Value: Send + 'static;
    type Error: StdError + Send + 'static;

    /// The subject of a sentence, with its verb.
    const WHAT: &'static str;

    /// What the files hold, and the hash of it. Blocks.
    fn content(&self) -> Result<(Self::Content, [u8; 32]), Self::Error>;

    /// The value of that content. Blocks: a password may need a key derivation.
    fn value(&self, content: Self::Content) -> Result<Self::Value, Self::Error>;

    /// The error for work that was cut short.
    fn cut_short(&self, error: JoinError) -> Self::Error;

    /// Puts the value to use, and says whether that changes anything.
    fn take(&self, value: Self::Value, active: &ActiveConfiguration) -> bool;
}

/// Follows files until it is dropped.
#[derive(Debug)]
pub(crate) struct Follower<F> {
    watched: Arc<Watched<F>>,
    task: JoinHandle<()>,
}

impl<F: Followed> Follower<F> {
    /// Reads at once and then every `interval`, as long as both the follower and `active` exist.
    pub(crate) fn new(files: F, active: &Arc<ActiveConfiguration>, interval: Duration) -> Self {
        let watched = Arc::new(Watched {
            files,
            active: Arc::downgrade(active),
            seen: Mutex::new(None),
        });
        let task = tokio::spawn({
            let watched = Arc::clone(&watched);
            async move {
                while watched.active.strong_count() > 0 {
                    // A failure has its event.
                    let _ = watched.check().await;
                    tokio::time::sleep(interval.max(SHORTEST_INTERVAL)).await;
                }
            }
        });
        Self { watched, task }
    }

    /// Reads now, and says whether anything is new. `false` too if the files are just being written.
    pub(crate) async fn check(&self) -> Result<bool, F::Error> {
        self.watched.check().await
    }
}

impl<F> Drop for Follower<F> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);

/// How long new content has to stay the same before it is used.
const SETTLE: Duration = Duration::from_millis(100);

#[derive(Debug)]
struct Watched<F> {
    files: F,
    active: Weak<ActiveConfiguration>,
    seen: Mutex<Option<Seen>>,
}

/// What was judged last, and how.
#[derive(Debug)]
struct Seen {
    state: State,
    usable: bool,
}

/// What the files held, or why they could not be read.
#[derive(Debug, PartialEq, Eq)]
enum State {
    Content([u8; 32]),
    Unreadable(String),
}

impl State {
    fn of<T>(content: &Result<(T, [u8; 32]), impl StdError>) -> Self {
        match content {
            Ok((_, hash)) => Self::Content(*hash),
            Err(error) => Self::Unreadable(with_causes(error)),
        }
    }
}

impl<F: Followed> Watched<F> {
    async fn check(self: &Arc<Self>) -> Result<bool, F::Error> {
        let mut seen = self.seen.lock().await;
        let content = self.blocking(F::content).await;
        let state = State::of(&content);
        let known = seen.as_ref().filter(|seen| seen.state == state);
        if known.is_some_and(|seen| seen.usable) {
            return Ok(false);
        }
        let new = known.is_none();
        if new {
            tokio::time::sleep(SETTLE).await;
            if State::of(&self.blocking(F::content).await) != state {
                return Ok(false);
            }
        }
        let value = match content {
            Ok((content, _)) => self.blocking(move |files| files.value(content)).await,
            Err(error) => Err(error),
        };
        *seen = Some(Seen {
            state,
            usable: value.is_ok(),
        });
        match value {
            Ok(value) => Ok(self
                .active
                .upgrade()
                .is_some_and(|active| self.files.take(value, &active))),
            Err(error) => {
                if new {
                    tracing::error!(
                        target: "mtls_client",
                        "{} not replaced, the last good state stays: {}",
                        F::WHAT,
                        with_causes(&error)
                    );
                }
                Err(error)
            }
        }
    }

    /// Files block, and so does the key derivation that a password may need.
    async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&F) -> Result<T, F::Error> + Send + 'static,
    ) -> Result<T, F::Error> {
        let watched = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || work(&watched.files)).await;
        done.unwrap_or_else(|cut_short| Err(self.files.cut_short(cut_short)))
    }
}
