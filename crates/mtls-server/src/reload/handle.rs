//! Operating a server that runs.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::watch::Receiver,
    task::{JoinHandle, spawn_blocking},
};

use crate::{
    config::{
        error::LoadError,
        mtls_config::{Changing, MtlsConfig},
    },
    observe::{metrics, text::sentence},
    reload::{active::ActiveConfig, status::Status},
    rules::rule::Rule,
};

/// Operates a running server: replaces its settings, revokes clients, and reports its status. Cheap
/// to clone.
#[derive(Clone, Debug)]
pub struct MtlsHandle(pub(crate) Arc<ActiveConfig>);

impl MtlsHandle {
    /// Replaces the active configuration, from the next handshake on. Returns the number of the new
    /// generation.
    ///
    /// No session that began before is resumed. Each open connection is checked again. If its
    /// client would no longer be accepted, all its requests are answered 403, even those that are
    /// running, and the connection is closed within a second. A connection that does not speak HTTP
    /// is closed at once.
    ///
    /// Some of the [`Limits`](crate::Limits) always stay those of the first settings: the numbers of
    /// connections and handshakes, `header`, `idle`, and how long a response may stall.
    pub async fn replace(&self, config: MtlsConfig) -> u64 {
        let active = Arc::clone(&self.0);
        // Checking some thousand connections takes a second, for which nobody should have to wait.
        let replaced = spawn_blocking(move || active.replace(config)).await;
        replaced.unwrap_or_else(|_| self.generation())
    }

    /// Reads the files of [`MtlsFiles`](crate::MtlsFiles) again. If anything has changed, it
    /// [replaces](Self::replace) the active configuration.
    ///
    /// Open connections are checked again even if nothing has changed, or nothing could be loaded,
    /// because a CRL may have expired.
    ///
    /// A URL that cannot be fetched is not an error: what it gave before stays in use, and
    /// [`status`](Self::status) says so.
    ///
    /// # Errors
    ///
    /// [`ReloadError`]. The active configuration stays, and [`status`](Self::status) says since when
    /// it may be out of date.
    pub async fn reload(&self) -> Result<Reloaded, ReloadError> {
        // Of two reloads at once, the one that has read the older files must not be the later to
        // replace the configuration: the next reload would find nothing new, and leave it active.
        let _one_at_a_time = self.0.reload.lock().await;
        let outcome = self.load_changed().await;
        match &outcome {
            Ok(Reloaded::Unchanged) => {}
            Ok(Reloaded::Generation(_)) => metrics::reloaded("taken"),
            Err(error) => {
                metrics::reloaded("refused");
                self.0.degrade(sentence(error));
                self.0.recheck_all().await;
            }
        }
        outcome
    }

    async fn load_changed(&self) -> Result<Reloaded, ReloadError> {
        let active = self.0.active();
        let source = active.config.source().ok_or(ReloadError::NoFiles)?;
        let loaded = Arc::clone(source)
            .load_changed()
            .await
            .map_err(ReloadError::Load)?;
        let reloaded = match loaded.config {
            Some(config) => Reloaded::Generation(self.replace(config).await),
            None => Reloaded::Unchanged,
        };
        if reloaded == Reloaded::Unchanged {
            self.0.recheck_all().await;
        }
        match loaded.problems.first() {
            Some(problem) => self.0.degrade(problem.clone()),
            None => self.0.recover(),
        }
        Ok(reloaded)
    }

    /// [Reloads](Self::reload) every `interval`, until the returned value is dropped; 30 s is a good
    /// interval. Failures show in [`status`](Self::status), the log and the metrics.
    ///
    /// It also reloads as soon as the server of a CRL announces a new one (see
    /// [`CrlSources::changed`](crate::crl::CrlSources::changed)), so that a revocation is known within a second.
    pub fn watch(&self, interval: Duration) -> Watch {
        let handle = self.clone();
        Watch(tokio::spawn(async move {
            let interval = interval.max(SHORTEST);
            let mut ticks = tokio::time::interval(interval);
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            ticks.tick().await; // at once
            let mut announced = handle.announced();
            let mut pause = PAUSE;
            loop {
                let is_announced = tokio::select! {
                    _ = ticks.tick() => false,
                    () = &mut announced => true,
                };
                // A failure has been noted already.
                let is_new = matches!(handle.reload().await, Ok(Reloaded::Generation(_)));
                if is_announced {
                    // Whoever announces what is not there makes work only.
                    pause = if is_new {
                        PAUSE
                    } else {
                        (pause * 2).min(interval)
                    };
                    tokio::time::sleep(pause.min(interval)).await;
                }
                if is_announced || is_new {
                    announced = handle.announced();
                }
            }
        }))
    }

    /// Ends when a source of the active configuration announces a change.
    fn announced(&self) -> Changing {
        match self.0.active().config.source() {
            Some(source) => Arc::clone(source).changed(),
            None => Box::pin(std::future::pending()),
        }
    }

    /// Denies all clients that `rule` matches, until the process ends. Their handshakes and
    /// resumptions fail, and their open connections end as by [`replace`](Self::replace). Returns
    /// how many connections those were.
    ///
    /// This takes effect before the next CRL does, and does not change any CRL. So put the
    /// certificate on the CRL, too. A certificate that is ambiguous to the rule is denied, and so
    /// is one on which a [custom](Rule::custom) condition panics.
    pub async fn revoke_now(&self, rule: Rule) -> usize {
        let active = Arc::clone(&self.0);
        spawn_blocking(move || active.revoke(rule))
            .await
            .unwrap_or_default()
    }

    /// The number of the active configuration: 1 at first, and one more for each replacement.
    pub fn generation(&self) -> u64 {
        self.0.active().number
    }

    /// Which configuration is active, and whether a reload has failed since.
    pub fn status(&self) -> Status {
        self.0.subscribe().borrow().clone()
    }

    /// The same, and each change of it.
    pub fn subscribe(&self) -> Receiver<Status> {
        self.0.subscribe()
    }

    /// How many connections are open now, unfinished handshakes included.
    pub fn connection_count(&self) -> usize {
        self.0.connections.len() + self.0.half_open.len()
    }
}

/// An interval of zero would be a busy loop.
const SHORTEST: Duration = Duration::from_millis(10);
/// Between two reloads that were announced.
const PAUSE: Duration = Duration::from_millis(100);

/// What a reload found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reloaded {
    /// Something has changed, and is active as the generation with this number.
    Generation(u64),
    /// Nothing has changed.
    Unchanged,
}

/// Reloads until it is dropped.
#[derive(Debug)]
#[must_use = "it reloads until this is dropped"]
pub struct Watch(JoinHandle<()>);

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Why the active configuration stays.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReloadError {
    /// The files cannot be used.
    #[error(transparent)]
    Load(LoadError),

    /// The settings were not made by [`MtlsFiles`](crate::MtlsFiles).
    #[error("the active configuration was not made by MtlsFiles: replace() it")]
    NoFiles,
}

#[cfg(test)]
mod tests {
    use test_pki::Ca;

    use super::*;
    use crate::{ServerIdentity, verify::TrustAnchors};

    fn config() -> MtlsConfig {
        let ca = Ca::root("root");
        let server = ca.server("localhost");
        let (chain, key) = (server.chain_pem(), server.key_pem());
        let identity = ServerIdentity::from_pem(chain.as_bytes(), key.as_bytes());
        let roots = TrustAnchors::from_certs([ca.der()]).expect("a root");
        let builder = MtlsConfig::builder(identity.expect("an identity"), roots);
        builder.build().expect("settings")
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn a_reload_reads_no_file_before_the_one_ahead_of_it_is_done() {
        let handle = MtlsHandle(ActiveConfig::new(config()));
        let other = handle.clone();
        let ahead = handle.0.reload.lock().await;
        let second = tokio::spawn(async move { other.reload().await });
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(!second.is_finished());
        drop(ahead);
        let outcome = second.await.expect("no panic");
        assert!(matches!(outcome, Err(ReloadError::NoFiles)), "{outcome:?}");
    }

    #[test]
    fn subscribers_are_told_of_a_failure_and_of_the_recovery_from_one() {
        let active = ActiveConfig::new(config());
        let mut status = active.subscribe();
        let mut changed = || {
            let is_new = status.has_changed().expect("it is there");
            is_new.then(|| status.borrow_and_update().degraded.is_some())
        };
        active.recover();
        assert_eq!(changed(), None);
        active.degrade("a file is not there".to_owned());
        assert_eq!(changed(), Some(true));
        active.recover();
        assert_eq!(changed(), Some(false));
        active.recover();
        assert_eq!(changed(), None);
    }
}
