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
        self.0.recover();
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
        let first = self.generation();
        let (loaded, reloaded) = loop {
            let active = self.0.active();
            let Some(source) = active.config.source() else {
                return match active.number == first {
                    true => Err(ReloadError::NoFiles),
                    // Whoever has replaced it has nothing to load.
                    false => Ok(Reloaded::Unchanged),
                };
            };
            let loaded = Arc::clone(source).load_changed().await;
            // That takes a while. Whoever has replaced the configuration meanwhile does not want the one before to
            // come back, nor to hear what is wrong with its files.
            if self.generation() != active.number {
                continue;
            }
            let mut loaded = loaded.map_err(ReloadError::Load)?;
            let Some(config) = loaded.config.take() else {
                break (loaded, Reloaded::Unchanged);
            };
            let this = Arc::clone(&self.0);
            let next = spawn_blocking(move || this.succeed(active.number, config));
            match next.await {
                Ok(Some(number)) => break (loaded, Reloaded::Generation(number)),
                Ok(None) => {}
                // The runtime ends.
                Err(_) => break (loaded, Reloaded::Unchanged),
            }
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
    /// [`CrlSources::changed`](crate::crl::CrlSources::changed)), so that a revocation is known within a second. After
    /// a [`replace`](Self::replace) that begins with the next interval.
    pub fn watch(&self, interval: Duration) -> Watch {
        let handle = self.clone();
        Watch(tokio::spawn(async move {
            let interval = interval.max(SHORTEST);
            let mut ticks = tokio::time::interval(interval);
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            ticks.tick().await; // at once
            let mut generation = handle.generation();
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
                // Whoever has replaced the configuration may have done so with another source.
                if is_announced || generation != handle.generation() {
                    generation = handle.generation();
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
    use std::sync::{
        Mutex, Weak,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    };

    use test_pki::Ca;
    use tokio::{
        sync::Notify,
        time::{Instant, sleep, timeout},
    };

    use super::*;
    use crate::{
        ServerIdentity,
        config::{
            builder::MtlsConfigBuilder,
            mtls_config::{Loaded, Loading, Source},
        },
        connection::{connections::Cut, end::End, identity::ConnectionIdentity},
        verify::TrustAnchors,
    };

    fn builder() -> MtlsConfigBuilder {
        let ca = Ca::root("root");
        let server = ca.server("localhost");
        let (chain, key) = (server.chain_pem(), server.key_pem());
        let identity = ServerIdentity::from_pem(chain.as_bytes(), key.as_bytes());
        let roots = TrustAnchors::from_certs([ca.der()]).expect("a root");
        MtlsConfig::builder(identity.expect("an identity"), roots)
    }

    fn config() -> MtlsConfig {
        builder().build().expect("settings")
    }

    /// Something new, when a test says so, and an announcement, whether or not there is.
    #[derive(Default)]
    struct Announcing {
        is_new: AtomicBool,
        announce: Notify,
        /// How often somebody began to wait for an announcement.
        awaited: AtomicUsize,
        loaded: Mutex<Vec<Instant>>,
    }

    impl Announcing {
        fn config(self: &Arc<Self>) -> MtlsConfig {
            let source: Arc<dyn Source> = Arc::<Self>::clone(self);
            builder().source(source).build().expect("settings")
        }

        fn handle(self: &Arc<Self>) -> MtlsHandle {
            MtlsHandle(ActiveConfig::new(self.config()))
        }

        fn loads(&self) -> usize {
            self.loaded.lock().expect("no panic").len()
        }

        /// Announces something new, and waits until it is active.
        async fn publish(&self, handle: &MtlsHandle) {
            let mut status = handle.subscribe();
            let next = handle.generation() + 1;
            self.is_new.store(true, Relaxed);
            self.announce.notify_one();
            let taken = status.wait_for(|status| status.generation == next);
            let taken = timeout(NEVER, taken).await;
            taken.expect("it is found").expect("it is there");
        }
    }

    impl Source for Announcing {
        fn load_changed(self: Arc<Self>) -> Loading {
            Box::pin(async move {
                let mut loaded = self.loaded.lock().expect("no panic");
                loaded.push(Instant::now());
                let is_new = self.is_new.swap(false, Relaxed);
                Ok(Loaded {
                    config: is_new.then(|| self.config()),
                    problems: Vec::new(),
                })
            })
        }

        fn changed(self: Arc<Self>) -> Changing {
            Box::pin(async move {
                self.awaited.fetch_add(1, Relaxed);
                self.announce.notified().await;
            })
        }
    }

    /// Later than anything that a test waits for. The clock of these tests goes on when nothing else does.
    const NEVER: Duration = Duration::from_secs(24 * 3600);
    const MINUTE: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn what_is_announced_is_loaded_at_once_however_little_was_new_before() {
        let source = Arc::new(Announcing::default());
        let handle = source.handle();
        let _watch = handle.watch(MINUTE);
        sleep(10 * MINUTE + MINUTE / 2).await;
        assert_eq!(source.loads(), 10);
        // Many at once are not too many either.
        for _ in 0..10 {
            let announced = Instant::now();
            source.publish(&handle).await;
            assert!(announced.elapsed() <= PAUSE, "{:?}", announced.elapsed());
            assert_eq!(source.loads(), 10 + (handle.generation() as usize - 1));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_announced_and_not_there_is_looked_for_less_and_less_until_it_is() {
        let source = Arc::new(Announcing::default());
        let handle = source.handle();
        let _watch = handle.watch(NEVER);
        let announce = async {
            while source.loads() < 6 {
                source.announce.notify_one();
                sleep(PAUSE / 10).await;
            }
        };
        timeout(MINUTE, announce).await.expect("it is looked for");
        let loaded = source.loaded.lock().expect("no panic").clone();
        let mut shortest = PAUSE;
        for pair in loaded.windows(2) {
            shortest *= 2;
            assert!(pair[1] - pair[0] >= shortest, "{loaded:?}");
        }
        source.publish(&handle).await;
        // From then on as in the beginning.
        sleep(2 * PAUSE).await;
        let announced = Instant::now();
        source.publish(&handle).await;
        assert!(announced.elapsed() <= PAUSE, "{:?}", announced.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn an_announcement_is_awaited_anew_after_each_one_and_in_each_generation() {
        let (first, second) = (
            Arc::new(Announcing::default()),
            Arc::new(Announcing::default()),
        );
        let awaited = || [&first, &second].map(|source| source.awaited.load(Relaxed));
        let handle = first.handle();
        let _watch = handle.watch(MINUTE);
        sleep(10 * MINUTE + MINUTE / 2).await;
        assert_eq!(awaited(), [1, 0], "nothing is new");
        first.is_new.store(true, Relaxed);
        sleep(MINUTE).await;
        assert_eq!(awaited(), [2, 0], "found without an announcement");
        first.announce.notify_one();
        sleep(MINUTE).await;
        assert_eq!(awaited(), [3, 0], "announced");
        handle.replace(second.config()).await;
        sleep(MINUTE).await;
        assert_eq!(awaited(), [3, 1], "another source");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn a_reload_reads_no_file_before_the_one_ahead_of_it_is_done() {
        let handle = MtlsHandle(ActiveConfig::new(config()));
        let other = handle.clone();
        let ahead = handle.0.reload.lock().await;
        let second = tokio::spawn(async move { other.reload().await });
        sleep(Duration::from_millis(200)).await;
        assert!(!second.is_finished());
        drop(ahead);
        let outcome = second.await.expect("no panic");
        assert!(matches!(outcome, Err(ReloadError::NoFiles)), "{outcome:?}");
    }

    /// A socket that knows whether it was closed.
    #[derive(Default)]
    struct Socket(AtomicBool);

    impl Cut for Socket {
        fn cut(&self) {
            self.0.store(true, Relaxed);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_cannot_be_told_is_closed_by_the_time_that_a_replacement_is_made() {
        for (has_http, is_closed) in [(false, true), (true, false)] {
            let handle = MtlsHandle(ActiveConfig::new(config()));
            let connections = &handle.0.connections;
            let permit = connections.acquire([192, 0, 2, 1].into()).expect("room");
            let socket = Arc::new(Socket::default());
            // Without a certificate, which is required.
            let connection = ConnectionIdentity::mock(None);
            if !has_http {
                connection.state().speaks_without_http();
            }
            let weak: Weak<Socket> = Arc::downgrade(&socket);
            connections.watch(&permit, connection.clone(), weak);
            handle.replace(config()).await;
            let end = connection.state().ending();
            assert_eq!(end, Some(End::Settings("no-certificate")));
            assert_eq!(socket.0.load(Relaxed), is_closed);
        }
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
