//! A running server in the hands of whoever operates it.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::watch::Receiver,
    task::{JoinHandle, spawn_blocking},
};

use crate::{
    config::{error::LoadError, mtls_config::MtlsConfig},
    observe::metrics,
    reload::{active::Generations, status::Status},
    rules::rule::Rule,
    text::sentence,
};

/// Exchanges the settings of a running server, and says how it is; cheap to clone.
#[derive(Clone, Debug)]
pub struct MtlsHandle(pub(crate) Arc<Generations>);

impl MtlsHandle {
    /// Puts other settings into force, for the next handshake on; the number of the generation.
    ///
    /// No session that began before is resumed. Each open connection is judged again: where its
    /// client would not be let in any more, requests are answered 403, those that run included,
    /// and the connection is closed within a second.
    ///
    /// Of the [`Limits`](crate::Limits), those of the first settings stay that count or watch all
    /// connections together: the numbers of connections and handshakes, `header`, `idle`, and how
    /// long an answer may stall.
    pub async fn replace(&self, config: MtlsConfig) -> u64 {
        let generations = Arc::clone(&self.0);
        // Judging some thousand connections takes a second of work that nobody should wait behind.
        let replaced = spawn_blocking(move || generations.replace(config)).await;
        replaced.unwrap_or_else(|_| self.generation())
    }

    /// Reads the files of settings that [`MtlsFiles`](crate::MtlsFiles) made, and puts what they
    /// hold now into force as [`replace`](Self::replace) does, if it is something else.
    ///
    /// Where nothing has changed, or nothing could be taken, open connections are judged again all
    /// the same, as a revocation list may have ended.
    ///
    /// A URL that gives nothing new is no error: what it gave before counts on, and
    /// [`status`](Self::status) says so.
    ///
    /// # Errors
    ///
    /// [`ReloadError`]. The settings in force stay, and [`status`](Self::status) says since when
    /// they may be out of date.
    pub async fn reload(&self) -> Result<Reloaded, ReloadError> {
        // Of two at once, the one with the older files must not be the later to exchange them: the
        // next reload would find nothing new, and leave them in force.
        let _one_at_a_time = self.0.reload.lock().await;
        let outcome = self.look_for_change().await;
        match &outcome {
            Ok(Reloaded::Unchanged) => {}
            Ok(Reloaded::Generation(_)) => metrics::reloaded("taken"),
            Err(error) => {
                metrics::reloaded("refused");
                self.0.degrade(sentence(error));
                self.0.judge_all().await;
            }
        }
        outcome
    }

    async fn look_for_change(&self) -> Result<Reloaded, ReloadError> {
        let current = self.0.current();
        let source = current.config.source().ok_or(ReloadError::NoFiles)?;
        let loaded = Arc::clone(source)
            .load_changed()
            .await
            .map_err(ReloadError::Load)?;
        let reloaded = match loaded.config {
            Some(config) => Reloaded::Generation(self.replace(config).await),
            None => Reloaded::Unchanged,
        };
        if reloaded == Reloaded::Unchanged {
            self.0.judge_all().await;
        }
        match loaded.problems.first() {
            Some(problem) => self.0.degrade(problem.clone()),
            None => self.0.recover(),
        }
        Ok(reloaded)
    }

    /// Reloads each time `interval` has passed, until what this returns is dropped; 30 s is a good
    /// interval. Failures show in [`status`](Self::status), the log and the metrics.
    pub fn watch(&self, interval: Duration) -> Watch {
        let handle = self.clone();
        Watch(tokio::spawn(async move {
            let mut interval = tokio::time::interval(interval.max(SHORTEST));
            interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            interval.tick().await; // at once
            loop {
                interval.tick().await;
                // What went wrong has been noted.
                let _ = handle.reload().await;
            }
        }))
    }

    /// Shuts out whom `rule` means, until the process ends: no handshake, no resumption, and open
    /// connections end as in [`replace`](Self::replace). How many those were.
    ///
    /// It is ahead of the next revocation list, and takes no part of it: list the certificate, too.
    /// A certificate that is ambiguous to the rule is shut out, as is one that its own code panics about.
    pub async fn revoke_now(&self, rule: Rule) -> usize {
        let generations = Arc::clone(&self.0);
        spawn_blocking(move || generations.revoke(rule))
            .await
            .unwrap_or_default()
    }

    /// The number of the settings in force: 1, and one more for each exchange.
    pub fn generation(&self) -> u64 {
        self.0.current().number
    }

    /// Which settings are in force, and whether a reload has failed since.
    pub fn status(&self) -> Status {
        self.0.subscribe().borrow().clone()
    }

    /// The same, and each change of it.
    pub fn subscribe(&self) -> Receiver<Status> {
        self.0.subscribe()
    }

    /// Connections that are open now, unfinished handshakes among them.
    pub fn connection_count(&self) -> usize {
        self.0.connections.len() + self.0.half_open.len()
    }
}

/// A poll of zero would be a loop.
const SHORTEST: Duration = Duration::from_millis(10);

/// What a reload found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reloaded {
    /// Something new: it is in force, as the generation with this number.
    Generation(u64),
    /// The files are what they were.
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

/// Why the settings in force stay.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReloadError {
    /// The files cannot be used.
    #[error(transparent)]
    Load(LoadError),

    /// The settings were not made of files.
    #[error("the settings in force were not made by MtlsFiles: replace() them")]
    NoFiles,
}

#[cfg(test)]
mod tests {
    use test_pki::Ca;

    use super::*;
    use crate::{ConnectionAcceptor, ServerIdentity, TrustAnchors};

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
    async fn a_reload_looks_at_no_file_before_the_one_ahead_of_it_has_exchanged_them() {
        let handle = ConnectionAcceptor::new(config()).handle();
        let other = handle.clone();
        let ahead = handle.0.reload.lock().await;
        let second = tokio::spawn(async move { other.reload().await });
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(!second.is_finished());
        drop(ahead);
        let outcome = second.await.expect("no panic");
        assert!(matches!(outcome, Err(ReloadError::NoFiles)), "{outcome:?}");
    }
}
