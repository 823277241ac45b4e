//! Following the files of an identity.

use std::error::Error as StdError;
use std::io;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use crate::connector::Connector;
use crate::current::Current;
use crate::files::{Content, IdentityFileError, IdentityFiles};
use crate::identity::ClientIdentity;

/// Follows the files of an identity for a connector, until it is dropped.
///
/// What the files hold is compared, not their times, so a swapped symlink (as Kubernetes updates a
/// mounted secret) is a change like any other. New content is taken once it is the same twice, 100 ms
/// apart, so that a pair half written is not. What cannot be used is left: the last good identity
/// stays, and one event of level error (target `mtls_client`) for each bad state says why.
#[derive(Debug)]
#[must_use = "the files are followed until this is dropped"]
pub struct IdentityWatch {
    watched: Arc<Watched>,
    task: JoinHandle<()>,
}

impl IdentityWatch {
    /// How often files are read where nothing else is asked for: every 30 s.
    pub const DEFAULT_INTERVAL: Duration = Duration::from_secs(30);

    /// Reads the files now, on a signal for instance, and says whether another identity is shown from
    /// now on. That they are just being written is `false`: the next reading will tell.
    ///
    /// # Errors
    ///
    /// [`IdentityFileError`] says why the last good identity stays.
    pub async fn check(&self) -> Result<bool, IdentityFileError> {
        self.watched.check().await
    }
}

impl Drop for IdentityWatch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Connector {
    /// Shows what `files` hold, as by [`set_identity`](Self::set_identity) each time that they change.
    ///
    /// They are read at once and then every `interval` (1 s at least), for as long as there are the
    /// watch and the connector.
    ///
    /// ```no_run
    /// use mtls_client::{Connector, IdentityFiles, IdentityWatch, TrustAnchors};
    ///
    /// # async fn run(roots: TrustAnchors) -> Result<(), Box<dyn std::error::Error>> {
    /// let files = IdentityFiles::pem("client.crt", "client.key");
    /// let connector = Connector::builder(roots, files.read()?).build()?;
    /// let watch = connector.watch(files, IdentityWatch::DEFAULT_INTERVAL);
    /// let client = connector.rotating(|connector| connector.reqwest().build())?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn watch(&self, files: IdentityFiles, interval: Duration) -> IdentityWatch {
        let watched = Arc::new(Watched {
            files,
            current: Arc::downgrade(self.current()),
            seen: Mutex::new(None),
        });
        let task = tokio::spawn({
            let watched = Arc::clone(&watched);
            async move {
                while watched.current.strong_count() > 0 {
                    // A failure has its event.
                    let _ = watched.check().await;
                    tokio::time::sleep(interval.max(SHORTEST_INTERVAL)).await;
                }
            }
        });
        IdentityWatch { watched, task }
    }
}

const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);

/// How long new content has to stay before it is taken.
const SETTLE: Duration = Duration::from_millis(100);

#[derive(Debug)]
struct Watched {
    files: IdentityFiles,
    current: Weak<Current>,
    seen: Mutex<Option<Seen>>,
}

/// What was judged last, and how.
#[derive(Debug)]
struct Seen {
    state: State,
    usable: bool,
}

/// What the files held, or why nobody knows.
#[derive(Debug, PartialEq, Eq)]
enum State {
    Content([u8; 32]),
    Unreadable(String),
}

impl State {
    fn of(content: &Result<Content, IdentityFileError>) -> Self {
        match content {
            Ok(content) => Self::Content(content.hash),
            Err(error) => Self::Unreadable(with_causes(error)),
        }
    }
}

impl Watched {
    async fn check(self: &Arc<Self>) -> Result<bool, IdentityFileError> {
        let mut seen = self.seen.lock().await;
        let content = self.content().await;
        let state = State::of(&content);
        let known = seen.as_ref().filter(|seen| seen.state == state);
        if known.is_some_and(|seen| seen.usable) {
            return Ok(false);
        }
        let new = known.is_none();
        if new {
            tokio::time::sleep(SETTLE).await;
            if State::of(&self.content().await) != state {
                return Ok(false);
            }
        }
        let identity = match content {
            Ok(content) => self.blocking(move |files| files.identity(&content)).await,
            Err(error) => Err(error),
        };
        *seen = Some(Seen {
            state,
            usable: identity.is_ok(),
        });
        match identity {
            Ok(identity) => Ok(self.show(identity)),
            Err(error) => {
                if new {
                    tracing::error!(
                        target: "mtls_client",
                        "the identity is not replaced, the last good one stays: {}",
                        with_causes(&error)
                    );
                }
                Err(error)
            }
        }
    }

    /// Whether that changes anything.
    fn show(&self, identity: ClientIdentity) -> bool {
        let Some(current) = self.current.upgrade() else {
            return false;
        };
        if current.generation().identities.is_only(&identity) {
            return false;
        }
        tracing::info!(
            target: "mtls_client",
            subject = %identity.certificate().subject(),
            serial = %identity.certificate().serial(),
            not_after = %identity.certificate().not_after(),
            "the identity is replaced"
        );
        current.set_identities(identity.into());
        true
    }

    async fn content(self: &Arc<Self>) -> Result<Content, IdentityFileError> {
        self.blocking(IdentityFiles::content).await
    }

    /// Files block, and so does the key derivation that a password may need.
    async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&IdentityFiles) -> Result<T, IdentityFileError> + Send + 'static,
    ) -> Result<T, IdentityFileError> {
        let watched = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || work(&watched.files)).await;
        done.unwrap_or_else(|cut_short| {
            Err(IdentityFileError::Unreadable {
                path: self.files.path().to_owned(),
                source: io::Error::other(cut_short),
            })
        })
    }
}

fn with_causes(error: &IdentityFileError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
