//! The active configuration, and its replacement. Open connections are checked again then (`open_connections`).
//!
//! A configuration is immutable and replaced as a whole. A handshake uses one generation from its
//! ClientHello to its end. Sessions belong to the generation in which they began. Open connections
//! are checked by each new generation, by the same one at each reload, and when a client is revoked.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use time::OffsetDateTime;
use tokio::{sync::watch, task::spawn_blocking};

use crate::{
    config::mtls_config::MtlsConfig,
    connection::{
        connections::{self, Connections},
        end::End,
        half_open::HalfOpen,
        identity::ConnectionIdentity,
    },
    observe::metrics,
    reload::{
        open_connections::{self, is_of_certificate},
        status::{Degraded, Status},
    },
    rules::rule::Rule,
};

/// What all clones of an acceptor share.
#[derive(Debug)]
pub(crate) struct ActiveConfig {
    active: RwLock<Arc<Generation>>,
    /// One replacement at a time.
    replacing: Mutex<()>,
    /// One reload at a time, from reading the first file to the replacement.
    pub(crate) reload: tokio::sync::Mutex<()>,
    status: watch::Sender<Status>,
    pub(crate) half_open: Arc<HalfOpen>,
    pub(crate) connections: Arc<Connections>,
    pub(crate) stopping: AtomicBool,
}

/// Settings, and their number.
#[derive(Debug)]
pub(crate) struct Generation {
    pub(crate) number: u64,
    pub(crate) config: MtlsConfig,
}

impl ActiveConfig {
    pub(crate) fn new(config: MtlsConfig) -> Arc<Self> {
        let limits = config.limits();
        let half_open = HalfOpen::new(limits.half_open, limits.half_open_per_address);
        let connections = Connections::new(limits.clone());
        let first = Generation { number: 1, config };
        let status = watch::Sender::new(first.status());
        first.measure();
        Arc::new(Self {
            active: RwLock::new(Arc::new(first)),
            replacing: Mutex::default(),
            reload: tokio::sync::Mutex::default(),
            status,
            half_open,
            connections,
            stopping: AtomicBool::new(false),
        })
    }

    pub(crate) fn active(&self) -> Arc<Generation> {
        let active = self.active.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&active)
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }

    /// Makes `config` the active configuration, and checks all open connections by it. Returns the new
    /// number. Whether newer settings could be loaded is for the caller to note.
    pub(crate) fn replace(&self, config: MtlsConfig) -> u64 {
        let replacing = self.replacing();
        self.replace_by(&replacing, config)
    }

    /// The same if the generation `number` is active still; `None` if it is not.
    pub(crate) fn succeed(&self, number: u64, config: MtlsConfig) -> Option<u64> {
        let replacing = self.replacing();
        (self.active().number == number).then(|| self.replace_by(&replacing, config))
    }

    fn replacing(&self) -> MutexGuard<'_, ()> {
        self.replacing
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn replace_by(&self, _one_at_a_time: &MutexGuard<'_, ()>, config: MtlsConfig) -> u64 {
        let before = self.active();
        config.inherit(&before.config);
        let next = Arc::new(Generation {
            number: before.number + 1,
            config,
        });
        *self.active.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&next);
        self.status.send_modify(|status| {
            let degraded = status.degraded.take();
            *status = Status {
                degraded,
                ..next.status()
            };
        });
        next.measure();
        tracing::info!(
            target: "mtls_server",
            generation = next.number,
            "a new configuration is active",
        );
        // A handshake that began before may still be accepted by the old settings after this. So the
        // acceptor compares the generation once more when it has accepted a connection.
        open_connections::terminate(&self.connections, &next.config, |_| true);
        next.number
    }

    /// Notes that newer settings could not be loaded: in the log once for each reason.
    pub(crate) fn degrade(&self, reason: String) {
        let mut is_new = false;
        self.status.send_modify(|status| {
            let before = status.degraded.take();
            is_new = before.as_ref().is_none_or(|it| it.reason != reason);
            let since = before.map_or_else(OffsetDateTime::now_utc, |before| before.since);
            let reason = reason.clone();
            status.degraded = Some(Degraded { since, reason });
        });
        // Outside of the lock, as logs may take time.
        if is_new {
            tracing::error!(
                target: "mtls_server",
                reason,
                "not everything could be loaded: the active configuration stays",
            );
        }
    }

    /// Notes that the active configuration is the newest there is.
    pub(crate) fn recover(&self) {
        self.status
            .send_if_modified(|status| status.degraded.take().is_some());
    }

    /// Checks all open connections by the active configuration, since a CRL may have expired.
    pub(crate) async fn recheck_all(self: &Arc<Self>) {
        let active = Arc::clone(self);
        let checked = spawn_blocking(move || {
            let config = &active.active().config;
            open_connections::terminate(&active.connections, config, is_of_certificate);
        });
        // Fails only where the runtime ends.
        let _ = checked.await;
    }

    /// Denies whom `rule` matches, from now on and on open connections. Returns how many those are.
    pub(crate) fn revoke(&self, rule: Rule) -> usize {
        let _no_exchange = self.replacing();
        let config = &self.active().config;
        config.denylist().add(rule, OffsetDateTime::now_utc());
        open_connections::terminate(&self.connections, config, is_of_certificate)
    }

    /// Checks a connection once more that was accepted by `by` and is among the open ones now: if the
    /// configuration was replaced, or its client revoked, in the meantime, whoever checked the open
    /// connections then has missed this one.
    pub(crate) fn recheck(&self, by: &Generation, connection: &ConnectionIdentity) {
        let active = self.active();
        let end = match active.number == by.number {
            true => connection.client().and_then(|client| {
                let error = active.config.denylist().check(client).err()?;
                Some(End::Certificate(error.code()))
            }),
            false => open_connections::reason_to_end(&active.config, connection),
        };
        if let Some(end) = end {
            connections::terminate(connection, end);
        }
        if self.stopping.load(Ordering::SeqCst) {
            connection.state().end(End::Shutdown, STOPPING);
        }
    }

    /// Ends all connections; those with a running request when it is answered.
    pub(crate) fn stop(&self, grace: Duration) {
        self.stopping.store(true, Ordering::SeqCst);
        for connection in self.connections.all() {
            connection.state().end(End::Shutdown, grace);
        }
    }
}

/// The grace of a handshake that ends after the server was stopped.
const STOPPING: Duration = Duration::from_secs(1);

impl Generation {
    fn measure(&self) {
        let config = &self.config;
        metrics::generation(self.number, config.identity_ends(), config.crl_figures());
    }

    /// As it comes into force.
    fn status(&self) -> Status {
        Status {
            generation: self.number,
            since: OffsetDateTime::now_utc(),
            degraded: None,
            identity_ends: self.config.identity_ends(),
        }
    }
}
